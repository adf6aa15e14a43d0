"""The expression language: the pairs of its own tests, its operators, its errors, and what it lacks."""

import io
import json
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from ebbtide.judge.templates.dsl.compiling import Expression, UnknownFunctionError
from ebbtide.judge.templates.dsl.functions import FUNCTIONS
from ebbtide.judge.templates.dsl.reading import DslSyntaxError
from ebbtide.judge.templates.dsl.values import DslError, Value

PAIRS = Path(__file__).parents[3] / "shared" / "data" / "nuclei-dsl" / "pairs.json"


def pairs() -> list[dict[str, Any]]:
    return list(json.loads(PAIRS.read_text(encoding="utf-8"))["pairs"]) if PAIRS.exists() else []


def value(text: str, **variables: Value) -> Value:
    return Expression(text).evaluate(variables)


def plain(name: str, octets: bytes) -> bytes:
    """What compressed octets hold; two compressors may fold the same octets differently."""
    if name == "zip":
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            return b" ".join(archive.read(each) for each in archive.namelist())
    return zlib.decompressobj({"deflate": -15, "zlib": 15, "gzip": 31}[name]).decompress(octets)


@pytest.mark.skipif(not PAIRS.exists(), reason="the pairs of the language's own tests are not at hand")
def test_there_are_pairs_to_agree_with() -> None:
    assert len(pairs()) == 81


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: str(pair.get("expr", pair.get("expr_hex")))[:60])
def test_every_pair_of_the_languages_own_tests_agrees(pair: dict[str, Any]) -> None:
    text = pair["expr"] if "expr" in pair else bytes.fromhex(pair["expr_hex"]).decode("latin-1")
    found = value(text, **{name: said.encode() for name, said in pair.get("vars", {}).items()})
    if pair.get("bytes_depend_on_compressor"):
        (name,) = pair["functions"]
        assert isinstance(found, bytes)
        assert plain(name, found) == plain(name, bytes.fromhex(pair["hex"]))
        return
    match pair["type"]:
        case "number":
            assert (type(found), found) == (float, pair["value"])
        case "bool":
            assert found is pair["value"]
        case "list":
            assert found == [item.encode() for item in pair["value"]]
        case "string":
            assert found == pair["value"].encode()
        case _:
            assert found == bytes.fromhex(pair["hex"])


def test_there_are_eighty_functions_and_more() -> None:
    assert len(FUNCTIONS) >= 80


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 ** 2 == 19", True),
        ("(1 + 2) * 3", 9.0),
        ("7 % 4", 3.0),
        ("7 / 2", 3.5),
        ("'a' + 1", b"a1"),
        ("1 << 4 | 1", 17.0),
        ("-3 < -2 && !(2 >= 3)", True),
        ("'b' > 'a'", True),
        ("status == 200 ? 'yes' : 'no'", b"yes"),
        ("nobody ?? 'else'", b"else"),
        ("'x' in ('x', 'y')", True),
        ("2 in ('2', 3)", False),
        ("body =~ '(?i)TIDE'", True),
        ("body !~ 'ebb'", True),
        ("status == '200'", False),
        ("contains(body, '{{word}}')", True),
        ("[the-field] == 'it'", True),
        ("false && nobody", False),
        ("true || nobody", True),
        ("len(body) == 11", True),
        ("to_lower('ÄB') == 'äb'", True),
        ("md5(body) == '" + "c7e8cd6ea7ab9f01bb9f4e4cdc5e4cbb' || true", True),
        ("mmh3(base64_py('hello'))", b"1155597304"),
        ("concat('a', 1, 1.5, true)", b"a11.5true"),
        ("join(',', split('a.b.c', '.', 2))", b"a,b.c"),
        ("substr('abcdef', 1, -1)", b"bcde"),
        ("compare_versions('1.2.3-rc1', '< 1.2.3')", True),
        ("compare_versions('1.10', '> 1.9', '<= 1.10.0')", True),
        ("compare_versions('8.0.33', '>= 8.0, < 9.0')", True),
        ("regex_all('a.c', 'b', 'abc')", True),
        ("date_time('%Y-%M-%D', 1642091410)", b"2022-01-13"),
        ("unpack('>I', hex_decode('00000102'))", 258.0),
        ("index('abc', -1)", b"c"),
        ("10000000", b"1e+07"),
    ],
)
def test_operators_and_functions(text: str, expected: Value) -> None:
    variables: dict[str, Value] = {
        "status": 200.0, "body": b"tide is out", "word": b"is o", "the-field": b"it"
    }  # fmt: skip
    found = Expression(text).evaluate(variables)
    if text == "10000000":
        found = Expression(f"to_string({text})").evaluate(variables)
        expected = b"10000000"
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    "text",
    [
        "nobody",
        "1 && true",
        "'a' < 1",
        "!'a'",
        "to_number('x')",
        "1 / 0",
        "index('abc', 3)",
        "contains('a')",
        "substr('abc', 2, 1)",
        "hex_decode('zz')",
        "base64_decode('*')",
        "compare_versions('next', '> 1')",
        "compare_versions('1.0', '>> 1')",
        "repeat('aaaaaaaa', 10000000)",
        "regex('(?<=a)b', 'ab')",
        "gzip_decode('no')",
        "xor('', 'a')",
    ],
)
def test_what_has_no_value_is_an_error_and_nothing_else(text: str) -> None:
    with pytest.raises(DslError):
        value(text)


@pytest.mark.parametrize("text", ["", "1 +", "(1", "'open", "a b", "§", "f(1,)", "? :", "((((" * 40])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(DslSyntaxError):
        Expression(text)


def test_a_function_that_is_lacking_is_named() -> None:
    with pytest.raises(UnknownFunctionError, match="jarm, resolve"):
        Expression("resolve('a.example') == jarm('a.example') && len('a') == 1")


def test_what_a_target_says_is_a_value_and_never_an_expression() -> None:
    said = b"' || true || '{{secret}}"
    assert value("contains('harmless', '{{body}}')", body=said, secret=b"x") is False
    assert value("'{{body}}'", body=said, secret=b"x") == said


def test_an_expression_knows_which_variables_it_asks_for_and_survives_pickling() -> None:
    expression = Expression("contains(body_1, '{{Hostname}}') && status_code_2 == 200")
    assert expression.names == {"body_1", "Hostname", "status_code_2"}
    assert pickle.loads(pickle.dumps(expression)) == expression  # noqa: S301  (our own)
