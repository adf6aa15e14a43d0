from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ebbtide.frame.ids import shard_of, site_id, target_id
from ebbtide.frame.merging import merge_duplicates
from ebbtide.model.errors import FrameError
from ebbtide.model.targets import Scheme, Target


def target_of(host: str, weight: float = 1.0, stratum: str = "", address: str = "") -> Target:
    return Target(target_id(host, address, 80, "http"), site_id(host), host, address, 80, Scheme.HTTP, stratum, weight)


def test_only_equal_names_merge_never_equal_hashes(tmp_path: Path) -> None:
    one = target_of("a.example")
    other = msgspec.structs.replace(one, host="b.example")
    merged = merge_duplicates([one, other, one], tmp_path, 4)
    assert list(merged.by_shard(shard_of(one.site_id, 4))) == [one, other]
    assert (merged.read, merged.duplicates) == (3, 1)


def test_a_pinned_target_is_not_a_duplicate_of_one_to_be_resolved(tmp_path: Path) -> None:
    merged = merge_duplicates([target_of("a.example"), target_of("a.example", address="127.0.0.1")], tmp_path, 1)
    assert merged.kept == 2


def test_the_first_weight_and_stratum_win_and_conflicts_are_counted(tmp_path: Path) -> None:
    frame = [target_of("a.example", 2.0, "x"), target_of("a.example", 2.0, "y"), target_of("a.example", 3.0, "x")]
    merged = merge_duplicates(frame, tmp_path, 1)
    assert list(merged.by_shard(0)) == [frame[0]]
    assert (merged.duplicates, merged.weight_conflicts, merged.stratum_conflicts) == (2, 1, 1)


def test_files_of_an_interrupted_run_are_replaced(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Target]:
        for number in range(20_000):
            yield target_of(f"h{number}.example")
        raise FrameError("a bad line.")

    with pytest.raises(FrameError):
        merge_duplicates(interrupted(), tmp_path, 2)
    assert any(path.stat().st_size for path in tmp_path.iterdir())
    merged = merge_duplicates([target_of("only.example")], tmp_path, 2)
    assert [t.host for shard in range(2) for t in merged.by_shard(shard)] == ["only.example"]


def test_an_empty_frame_merges_to_nothing(tmp_path: Path) -> None:
    merged = merge_duplicates([], tmp_path, 16)
    assert (merged.read, merged.kept) == (0, 0)
    assert list(merged.by_shard(15)) == []


def test_shards_that_are_no_power_of_two_are_our_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="power of two"):
        merge_duplicates([target_of("a.example")], tmp_path, 96)
