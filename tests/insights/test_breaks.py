"""Cache breaks are found where they are, for their cause, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.insights.breaks import CAUSES, find_breaks
from tests.insights.sequences import CASES
from tests.insights.talks import call, talk

SILENT = [name for name, (_, expected) in CASES.items() if not expected]


@pytest.mark.parametrize("name", CASES)
def test_each_break_is_found_and_nothing_else(name):
    calls, expected = CASES[name]

    found = {each.index: (each.cause, each.tokens) for each in find_breaks(calls)}

    assert found == expected


def test_the_labelled_set_is_large_and_has_every_cause():
    causes = {cause for _, expected in CASES.values() for cause, _ in expected.values()}

    assert len(CASES) >= 40
    assert len(SILENT) >= 20
    assert causes == set(CAUSES)


TALKS = st.builds(
    talk,
    first=st.integers(2_000, 200_000),
    turns=st.integers(1, 12),
    step=st.integers(1, 4),
    grows=st.integers(0, 40_000),
)


@given(TALKS)
def test_a_conversation_without_a_fault_is_never_blamed(calls):
    assert find_breaks(calls) == []


COUNTS = st.integers(0, 60_000)
CALLS = st.lists(
    st.builds(call, st.integers(0, 200), COUNTS, COUNTS, COUNTS, COUNTS, hour=COUNTS), max_size=12
)


@given(CALLS)
def test_no_break_claims_more_than_was_written(calls):
    calls = sorted(calls, key=lambda each: each.at)

    for each in find_breaks(calls):
        before = [one.prefix for one in calls[: each.index]]
        assert 0 < each.tokens <= calls[each.index].written
        assert each.tokens + calls[each.index].read <= max(before)
