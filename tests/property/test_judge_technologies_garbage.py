"""Whatever stands in a file of technologies, or in an answer: a CheckError, a refusal or a result."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebbtide.judge.technologies.matching import Technologies
from ebbtide.judge.technologies.reading import read_technologies
from ebbtide.judge.technologies.records import TechnologyPack
from ebbtide.model.errors import CheckError
from ebbtide.model.outcomes import Answered
from ebbtide.model.transcripts import Exchange, Purpose, Request

KEYS = ("cats", "headers", "cookies", "meta", "scriptSrc", "scripts", "html", "text", "url", "implies", "requires",
        "requiresCategory", "excludes", "js", "website", "cpe")  # fmt: skip
TEXTS = st.text(max_size=20) | st.sampled_from(
    [r"a(.*)\;version:\1", r"\;version:\9?a:b", "(?=x)", "[", "(a+)+$", r"x\;confidence:50", "A", "B"]
)
LEAVES = TEXTS | st.integers(-5, 99999) | st.none() | st.booleans() | st.floats(allow_nan=False)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
FILES = st.dictionaries(
    st.sampled_from(["A", "B", "technologies", "apps", "categories"]) | TEXTS,
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5) | VALUES,
    max_size=4,
)
ODD = st.binary(max_size=200) | st.sampled_from(
    [b"<script src=", b"<meta name=a content=b>", b"<script>" * 50, b"\xff" * 30, b"a" * 2000, b"<" * 500]
)
WHOLE = {key: {"a": r"(.*)a\;version:\1"} if key in {"headers", "cookies", "meta"} else [r"(.*)a\;version:\1?\1:x"]
         for key in KEYS[1:9]}  # fmt: skip


@settings(max_examples=300)
@given(FILES.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=80))
@example(b"[" * 100_000)
@example(b'{"A": {"html": "\\ud800"}}')
def test_a_file_loads_or_is_refused_with_its_place(data: bytes) -> None:
    pack = read_or_refusal(data)
    if isinstance(pack, CheckError):
        assert pack.what
        assert pack.where.startswith("mine.json")
    else:
        assert all(each.reason and (each.key or "mine.json" in each.reason) for each in pack.refused)
        Technologies(pack).find((answer(b"<title>A</title>", []),), "http://a.example")


def read_or_refusal(data: bytes) -> TechnologyPack | CheckError:
    try:
        return read_technologies(data, "mine.json")
    except CheckError as error:
        return error


@settings(max_examples=300)
@given(ODD, st.lists(st.tuples(st.sampled_from([b"a", b"Set-Cookie", b"\xff"]), ODD), max_size=4))
def test_no_answer_makes_it_raise(body: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    pack = read_technologies(
        json.dumps({"A": {**WHOLE, "implies": ["B", "A"]}, "B": {"excludes": "A"}}).encode(), "m.json"
    )
    for each in Technologies(pack).find((answer(body, fields),), "http://a.example"):
        assert 0 <= each.confidence <= 100
        assert len(each.version) <= 60
        assert each.version.isprintable()


def answer(body: bytes, fields: list[tuple[bytes, bytes]]) -> Exchange:
    return Exchange(
        b"", 1, 0, 1, Request("/", Purpose.ROOT), 0, Answered(), status=200, fields=tuple(fields), body=body,
        body_bytes=len(body),
    )  # fmt: skip
