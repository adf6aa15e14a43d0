"""One plan for many checks: the order in which requests serve most, and what a budget buys."""

from hypothesis import given
from hypothesis import strategies as st

from ebbtide.judge.budget import RequestNeed, ranked
from ebbtide.model.transcripts import Method

PATHS = [f"/{letter}" for letter in "abcdef"]
NEEDS = st.dictionaries(
    st.sampled_from([f"check-{number}" for number in range(8)]),
    st.frozensets(st.sampled_from([(Method.GET, path, ()) for path in PATHS]), max_size=4),
    max_size=8,
)
Needs = dict[str, frozenset[RequestNeed]]


def served(needs: Needs, order: tuple[RequestNeed, ...] | list[RequestNeed], budget: int) -> int:
    return sum(wanted <= set(order[:budget]) for wanted in needs.values())


@given(NEEDS)
def test_every_request_stands_once_and_the_same_checks_give_the_same_order(needs: Needs) -> None:
    order = ranked(needs)
    assert sorted(order) == sorted(set().union(*needs.values()))
    assert ranked(dict(reversed(needs.items()))) == order


@given(NEEDS)
def test_the_first_request_is_one_that_serves_most_alone_if_any_does(needs: Needs) -> None:
    order = ranked(needs)
    alone = {request: served(needs, [request], 1) for request in order}
    shares = {request: sum(1 / len(wanted) for wanted in needs.values() if request in wanted) for request in order}
    assert not order or shares[order[0]] >= max(shares.values()) - 1e-9
    assert not order or shares[order[0]] >= max(alone.values()) - served(needs, [], 0) - 1e-9


@given(st.lists(st.sampled_from(PATHS), max_size=30))
def test_where_every_check_needs_one_request_they_go_by_how_many_need_them(paths: list[str]) -> None:
    needs: Needs = {f"check-{number}": frozenset({(Method.GET, path, ())}) for number, path in enumerate(paths)}
    assert [path for _, path, _ in ranked(needs)] == sorted(set(paths), key=lambda path: (-paths.count(path), path))
