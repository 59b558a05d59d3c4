"""How often a schedule comes round, beside the schedules of the local host."""

from datetime import timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulators.functions.ncrontab import Schedule
from shared.schedule import longest_gap
from tests.strategies import examples


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        pytest.param("0 * * * * *", timedelta(minutes=1), id="the shipped one"),
        pytest.param("* * * * * *", timedelta(seconds=1), id="every second"),
        pytest.param("*/10 * * * * *", timedelta(seconds=10), id="every ten seconds"),
        pytest.param("*/25 * * * * *", timedelta(seconds=25), id="steps that don't fit into a minute"),
        pytest.param("30 */5 * * * *", timedelta(minutes=5), id="every five minutes"),
        pytest.param("*/5 * * * *", timedelta(minutes=5), id="five fields"),
        pytest.param("0 0 * * * *", timedelta(hours=1), id="every hour"),
        pytest.param("0 0,10 * * * *", timedelta(minutes=50), id="twice an hour"),
        pytest.param("0 0 8-18 * * *", timedelta(hours=14), id="not at night"),
        pytest.param("0 * 8-18 * * 1-5", timedelta(hours=13, minutes=1), id="days aren't looked at"),
        pytest.param("0 0 0 1 jan *", timedelta(days=1), id="once a year"),
        pytest.param("0 5/10 * * * *", timedelta(minutes=10), id="steps from five on"),
    ],
)
def test_the_longest_gap_is_that_of_a_day_on_which_it_ticks(schedule: str, gap: timedelta):
    assert longest_gap(schedule) == gap


@pytest.mark.parametrize(
    "schedule", ["", "* * *", "a * * * * *", "60 * * * * *", "0 */0 * * * *", "0 9-5 * * * *", "0 * 24 * * *"]
)
def test_what_no_clock_can_follow_is_refused(schedule: str):
    with pytest.raises(ValueError, match="a field of the schedule"):
        longest_gap(schedule)


def field(size: int) -> st.SearchStrategy[str]:
    number = st.integers(0, size - 1)
    one = (
        st.just("*")
        | number.map(str)
        | st.integers(1, size - 1).map(lambda step: f"*/{step}")
        | st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    )
    return st.lists(one, min_size=1, max_size=2).map(",".join)


@given(field(60), field(60), field(24))
@examples(30)
def test_it_is_the_longest_gap_of_all_ticks_of_a_day_and_the_first_of_the_next(
    second: str, minute: str, hour: str
):
    text = f"{second} {minute} {hour} * * *"
    ticks = Schedule.parse(text)
    times = [
        hours * 3600 + minutes * 60 + seconds
        for hours, minutes, seconds in product(ticks.hours, ticks.minutes, ticks.seconds)
    ]
    gaps = [later - earlier for earlier, later in pairwise([*times, times[0] + 86_400])]
    assert longest_gap(text) == timedelta(seconds=max(gaps))
