"""Functions on lists, and on the characters of texts."""

from ebbtide.judge.templates.dsl.functions.signatures import Arguments, Function, takes
from ebbtide.judge.templates.dsl.functions.texts import as_characters, as_octets
from ebbtide.judge.templates.dsl.values import DslError, Value, as_list, as_text, as_whole


@takes(1)
def _len(arguments: Arguments) -> Value:
    value = arguments[0]
    return float(len(value) if isinstance(value, list) else len(as_text(value)))


@takes(2, 3)
def _split(arguments: Arguments) -> Value:
    text, by = as_text(arguments[0]), as_text(arguments[1])
    most = as_whole(arguments[2]) if len(arguments) > 2 else -1  # noqa: PLR2004  # the third is the most parts
    if most == 0:
        return []
    if not by:
        characters = list(as_characters(text))
        kept = characters if most < 0 else [*characters[: most - 1], "".join(characters[most - 1 :])]
        return [as_octets(each) for each in kept if each]
    return list(text.split(by, most - 1 if most > 0 else -1))


@takes(1, -1)
def _sort(arguments: Arguments) -> Value:
    if len(arguments) == 1 and not isinstance(arguments[0], list):
        return as_octets("".join(sorted(as_characters(as_text(arguments[0])))))
    return sorted(as_text(each) for argument in arguments for each in as_list(argument))


@takes(1, -1)
def _uniq(arguments: Arguments) -> Value:
    if len(arguments) == 1 and not isinstance(arguments[0], list):
        return as_octets("".join(dict.fromkeys(as_characters(as_text(arguments[0])))))
    return list(dict.fromkeys(as_text(each) for argument in arguments for each in as_list(argument)))


@takes(2)
def _index(arguments: Arguments) -> Value:
    value, at = arguments[0], as_whole(arguments[1])
    items: list[Value] = value if isinstance(value, list) else [bytes([each]) for each in as_text(value)]
    if not -len(items) <= at < len(items):
        raise DslError(f"there is no item {at} among {len(items)}")
    return items[at]


@takes(2)
def _count(arguments: Arguments) -> Value:
    text, word = as_text(arguments[0]), as_text(arguments[1])
    return float(text.count(word) if word else len(as_characters(text)) + 1)


LISTS: dict[str, Function] = {
    "len": _len,
    "split": _split,
    "sort": _sort,
    "uniq": _uniq,
    "index": _index,
    "count": _count,
}
