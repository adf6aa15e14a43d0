import tempfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.frame.ids import canonical_host, shard_of, site_id, target_id
from ebbtide.frame.merging import merge_duplicates
from ebbtide.frame.sources import read_targets
from ebbtide.model.configuration import FrameSection, FrameSource
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Scheme, Target

FORMATS = st.sampled_from(["list", "csv", "ranked", "cidr"])


@settings(max_examples=200)
@given(FORMATS, st.one_of(st.binary(max_size=200), st.text(max_size=120).map(str.encode)))
def test_garbage_gives_targets_or_the_error_of_a_caller(kind: str, raw: bytes) -> None:
    refused: FrameError | None = None
    section = msgspec.convert({"source": [{"path": "-", "format": kind}]}, FrameSection)
    try:
        targets = [target for target, _ in zip(read_targets(section, Path(), BytesIO(raw)), range(300), strict=False)]
    except FrameError as error:
        refused, targets = error, []
    assert refused is None or (refused.where.startswith("standard input:") and str(refused).isprintable())
    for target in targets:
        assert canonical_host(target.host) == target.host
        assert 1 <= target.port <= 65535
        assert target.target_id == target_id(target.host, target.address or "*", target.port, target.scheme)


hosts = st.one_of(
    st.from_regex(r"[a-zA-Z0-9_-]{1,10}(\.[a-z]{1,8}){1,3}", fullmatch=True),
    st.ip_addresses().map(str),
)


@given(hosts, st.integers(1, 65535), st.sampled_from(Scheme))
def test_a_target_s_url_reads_back_as_the_target(host: str, port: int, scheme: Scheme) -> None:
    bracketed = f"[{host}]" if ":" in host else host
    line = f"{scheme}://{bracketed}:{port}/"
    section = FrameSection((FrameSource("-"),))
    (target,) = read_targets(section, Path(), BytesIO(line.encode()))
    assert (target.port, target.scheme) == (port, scheme)
    (again,) = read_targets(section, Path(), BytesIO(target.base_url.encode()))
    assert again == target


def target_of(host: str, port: int, stratum: str, weight: float) -> Target:
    return Target(
        target_id(host, "*", port, "http"), site_id(host), host, "", port, Scheme.HTTP, stratum=stratum, weight=weight
    )


frames = st.lists(
    st.builds(
        target_of,
        st.sampled_from([f"{name}.example" for name in "abcdefghijkl"]),
        st.integers(80, 82),
        st.sampled_from(["", "one"]),
        st.sampled_from([1.0, 2.0]),
    ),
    max_size=700,
)


@settings(max_examples=40, deadline=None)
@given(frames, st.sampled_from([1, 2, 16, 128]))
def test_merging_keeps_the_first_of_equal_targets_and_counts_the_others(frame: list[Target], shards: int) -> None:
    first: dict[bytes, Target] = {}
    for target in frame:
        first.setdefault(target.target_id, target)
    with tempfile.TemporaryDirectory() as scratch:
        merged = merge_duplicates(iter(frame), Path(scratch), shards)
        kept = [list(merged.by_shard(shard)) for shard in range(shards)]
        assert [list(merged.by_shard(shard)) for shard in range(shards)] == kept
        merged.discard()
        assert not list(Path(scratch).iterdir())
    assert all(shard_of(target.site_id, shards) == shard for shard, part in enumerate(kept) for target in part)
    everything = [target for part in kept for target in part]
    assert Counter(target.target_id for target in everything) == Counter(first.keys())
    assert all(first[target.target_id] == target for target in everything)
    assert (merged.read, merged.duplicates, merged.kept) == (len(frame), len(frame) - len(first), len(first))
    assert merged.weight_conflicts == sum(first[t.target_id].weight != t.weight for t in frame)
    assert merged.stratum_conflicts == sum(first[t.target_id].stratum != t.stratum for t in frame)
