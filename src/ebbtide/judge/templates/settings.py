"""Values that a template brings along: its variables, and its lists of payloads with the files that hold them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise, product
from pathlib import Path, PurePosixPath

from ebbtide.judge.templates.dsl.compiling import Expression, UnknownFunctionError
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.dsl.values import DslError, Value, as_text
from ebbtide.judge.templates.notes import Notes
from ebbtide.judge.templates.placeholders import ABSENT, TARGET_NAMES, replace_placeholders
from ebbtide.judge.templates.tree_reading import TableReader
from ebbtide.judge.templates.yaml_tree import Scalar

MOST_COMBINATIONS = 200
"""A template that would ask a server more often than this is not run."""

Settings = tuple[tuple[str, str], ...]

_ABSENT = f"{{{{{ABSENT}}}}}"
_RANDOM = ("rand_", "randstr")
_FOLDERS_UP = 8
_MOST_HELPER_BYTES = 1_000_000
_LEAST_RUN = 5


def read_variables(top: TableReader, notes: Notes) -> dict[str, str]:
    """The template's variables, each with the value that it has at every target.

    A random text becomes our absent name: it must be the same when the answer is judged. What is reckoned from the
    target's own address cannot be told before a target is known.
    """
    variables: dict[str, str] = {}
    reader = top.child("variables")
    for name in reader.keys if reader else ():
        variables[name] = resolve(reader.text(name) if reader else "", variables, notes)
    return variables


def resolve(text: str, known: Mapping[str, str], notes: Notes) -> str:
    """Put what is known in place of its names; names of the target stay, for they differ from target to target."""

    def value_of(inside: str) -> str:
        if inside in TARGET_NAMES:
            return f"{{{{{inside}}}}}"
        if inside in known:
            return known[inside]
        if any(mark in inside for mark in _RANDOM):
            return _ABSENT
        return _evaluated(inside, known, notes)

    return replace_placeholders(text, value_of)


def _evaluated(inside: str, known: Mapping[str, str], notes: Notes) -> str:
    """What an expression of known values gives; why there is nothing is noted."""
    variables: dict[str, Value] = {name: value.encode("utf-8", "surrogateescape") for name, value in known.items()}
    try:
        expression = Expression(inside)
        if TARGET_NAMES.isdisjoint(expression.names) and expression.names <= set(known):
            return as_text(expression.evaluate(variables)).decode("utf-8", "replace")
    except UnknownFunctionError as error:
        for name in error.names:
            notes.unsupported(f"function {name}")
    except (DslSyntaxError, DslError):
        pass
    notes.unsupported("placeholder in a request")
    return f"{{{{{inside}}}}}"


def read_payloads(block: TableReader, notes: Notes) -> tuple[Settings, ...]:
    """All combinations of a block's payloads, in the order in which they are sent; one empty one without any.

    ``batteringram``, the format's default, sets one name at a time, ``pitchfork`` all at once side by side,
    ``clusterbomb`` each with each.

    Raises:
        CheckError: They are no lists of texts, or the kind of attack is none.
    """
    reader = block.child("payloads")
    if reader is None:
        return ((),)
    lists = {name: values for name in reader.keys if (values := _values(reader, name, notes)) is not None}
    kind = block.text("attack", "batteringram")
    if kind not in {"batteringram", "pitchfork", "clusterbomb"}:
        block.fail("attack", "must be batteringram, pitchfork or clusterbomb.")
    if any(map(_is_run, lists.values())):
        notes.forbid(["enumeration"])
    found = tuple(islice(_combinations(kind, lists), MOST_COMBINATIONS + 1))
    if len(found) > MOST_COMBINATIONS:
        notes.forbid(["too-many-requests"])
        return ((),)
    return found or ((),)


def _combinations(kind: str, lists: Mapping[str, Sequence[str]]) -> Iterator[Settings]:
    if kind == "clusterbomb":
        yield from (tuple(zip(lists, values, strict=True)) for values in product(*lists.values()))
    elif kind == "pitchfork":
        yield from (tuple(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=False))
    else:
        yield from (((name, value),) for name, values in lists.items() for value in values)


def _values(reader: TableReader, name: str, notes: Notes) -> tuple[str, ...] | None:
    """A list as it stands, lines of a text, or those of a helper file; ``None`` if that file is not there."""
    node = reader.node(name)
    if not isinstance(node, Scalar):
        return reader.texts(name)
    if "\n" in node.text:
        return _lines(node.text)
    helper = _helper(Path(reader.file).parent, node.text, notes)
    if helper is None:
        notes.incomplete("helper")
        return None
    return _lines(helper)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for each in text.splitlines() if (line := each.strip()))


def _helper(folder: Path, name: str, notes: Notes) -> str | None:
    """The text of a helper file, which lies beside the template or beside one of the folders above it."""
    relative = PurePosixPath(name)
    if not name.isprintable() or relative.is_absolute() or ".." in relative.parts:
        return None
    for above in islice((folder, *folder.absolute().parents), _FOLDERS_UP):
        file = above / relative
        notes.helpers.append(str(file))
        try:
            if file.is_file() and file.stat().st_size <= _MOST_HELPER_BYTES:
                return file.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            continue
    return None


def _is_run(values: Sequence[str]) -> bool:
    """Whether a list counts up: one number after the other is how accounts and objects are listed."""
    numbers = [int(value) for value in values if value.isdecimal() and value.isascii()]
    steps = [after - before for before, after in pairwise(numbers)]
    return len(numbers) >= _LEAST_RUN and steps.count(1) >= _LEAST_RUN - 1
