"""From and to: what is taken, and what is refused in which words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.errors import InvalidRequest
from shared.contract.queries import DEFAULT_RANGE, StatsQuery, read_query
from tests.samples import NOW
from tests.strategies import examples

DAY = timedelta(days=1)


def time_range(params, now):
    return read_query(StatsQuery, params).to_range(now)


def begin_of(text: str) -> datetime:
    return time_range({"from": text, "to": "9999-12-31"}, NOW)[0]


def test_the_last_thirty_days_unless_asked_otherwise():
    assert time_range({}, NOW) == (NOW - DEFAULT_RANGE, NOW)
    assert DEFAULT_RANGE == 30 * DAY


def test_one_end_alone_is_completed():
    assert time_range({"from": "2026-03-01"}, NOW) == (datetime(2026, 3, 1, tzinfo=UTC), NOW)
    end = datetime(2025, 3, 1, tzinfo=UTC)
    assert time_range({"to": "2025-03-01"}, NOW) == (end - 30 * DAY, end)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC), id="a date is its begin in UTC"),
        pytest.param("2026-03-01T09:30:15Z", datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC), id="UTC"),
        pytest.param("2026-03-01t09:30:15z", datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC), id="small letters"),
        pytest.param("2026-03-01T09:30:15+02:00", datetime(2026, 3, 1, 7, 30, 15, tzinfo=UTC), id="east"),
        pytest.param(
            "2026-03-01T09:30:15 02:00", datetime(2026, 3, 1, 7, 30, 15, tzinfo=UTC), id="a lost plus"
        ),
        pytest.param("2026-03-01T09:30:15-08:00", datetime(2026, 3, 1, 17, 30, 15, tzinfo=UTC), id="west"),
        pytest.param("2026-03-01T00:00:00-00:00", datetime(2026, 3, 1, tzinfo=UTC), id="zone unknown"),
        pytest.param(
            "2026-03-01T09:30:15.9876543Z",
            datetime(2026, 3, 1, 9, 30, 15, 987_000, tzinfo=UTC),
            id="cut to the millisecond",
        ),
        pytest.param("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC), id="leap day"),
        pytest.param("1900-01-01", datetime(1900, 1, 1, tzinfo=UTC), id="the first day"),
    ],
)
def test_dates_and_instants_are_taken(text: str, at: datetime):
    assert begin_of(text) == at
    assert begin_of(text).tzinfo is UTC


@given(st.datetimes(datetime(1901, 1, 1), datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
@examples(150)
def test_every_instant_is_read_as_it_was_meant(local: datetime, minutes: int):
    at = local.replace(
        tzinfo=timezone(timedelta(minutes=minutes)), microsecond=local.microsecond // 1000 * 1000
    )
    assert begin_of(at.isoformat()) == begin_of(at.isoformat().replace("+", " ")) == at


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "2026",
        "2026-3-1",
        "20260301",
        "2026-W09-7",
        "2026-02-29",
        "2026-13-01",
        "2026-03-01T09:30:15",
        "2026-03-01T09:30Z",
        "2026-03-01 09:30:15Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:30:60Z",
        "2026-03-01T09:30:15+0200",
        "2026-03-01T09:30:15+24:00",
        "2026-03-01T09:30:15.Z",
        "2026-03-01T09:30:15." + "1" * 5000 + "Z",
        "2026-03-01,2026-03-02",
        "2026-03-01\n",
        "٢٠٢٦-03-01",
        "0000-01-01",
        "9999-12-31T23:59:59-01:00",
        "1772442000",
        "now() or 1 eq 1",
    ],
)
def test_anything_else_is_refused_by_name_and_not_echoed(name: str, text: str):
    with pytest.raises(InvalidRequest, match=f"`{name}` must be a date") as refusal:
        time_range({name: text}, NOW)
    assert len(text) < 5 or text not in str(refusal.value)


@pytest.mark.parametrize("text", ["1899-12-31", "0001-01-01", "0999-06-01", "1900-01-01T00:00:00+00:01"])
def test_a_time_before_all_leads_is_refused(text: str):
    with pytest.raises(InvalidRequest, match="`from` must not lie before 1900"):
        time_range({"from": text}, NOW)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        pytest.param("2026-03-01", "2026-03-01", id="at once"),
        pytest.param("2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", id="at once, in another zone"),
        pytest.param("2026-03-01T00:00:00.0001Z", "2026-03-01T00:00:00.0009Z", id="within a millisecond"),
        pytest.param("2026-03-02", "2026-03-01", id="the wrong way round"),
    ],
)
def test_the_begin_lies_before_the_end(begin: str, end: str):
    with pytest.raises(InvalidRequest, match="`from` must lie before `to`"):
        time_range({"from": begin, "to": end}, NOW)


def test_a_begin_in_the_future_needs_an_end():
    with pytest.raises(InvalidRequest, match="`to`, which is now unless it is given"):
        time_range({"from": "2026-03-03"}, NOW)
