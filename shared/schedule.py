"""The period of the clock by its NCRONTAB schedule, to decide whether the clock has stopped.

A clock that hasn't run for three periods has stopped. The platform doesn't give the app the period, and a
second setting could contradict the schedule: so the app reads the times of day from the schedule itself.
`local/emulators/functions/ncrontab.py`, which isn't deployed, reads whole schedules as the platform does; the
tests compare the two.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

_SHAPE = r"([\w*,/-]+\s+){4,5}[\w*,/-]+"  # five fields, or six with seconds first
_PART = r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?"
_SIZES = (60, 60, 24)  # of seconds, minutes, hours


def longest_gap(schedule: str) -> timedelta:
    """The longest time between two ticks of an NCRONTAB schedule, over midnight too.

    The fields for days are ignored: a schedule for Mondays counts as one for every day.

    Raises:
        ValueError: there aren't five or six fields, or the seconds, minutes or hours are invalid.
    """
    if not re.fullmatch(_SHAPE, schedule):
        raise ValueError("a field of the schedule is missing, superfluous or has an invalid character")
    fields = schedule.split()
    times_of_day = fields[:3] if len(fields) == 6 else ["0", *fields[:2]]
    seconds, minutes, hours = (
        sorted(_values(text, size)) for text, size in zip(times_of_day, _SIZES, strict=True)
    )
    within_an_hour = [minute * 60 + second for minute in minutes for second in seconds]
    inside = _widest(within_an_hour)
    across = [
        (later - earlier) * 3600 + within_an_hour[0] - within_an_hour[-1]
        for earlier, later in pairwise([*hours, hours[0] + 24])
    ]
    return timedelta(seconds=max(inside, *across))


def _widest(times: list[int]) -> int:
    return max((later - earlier for earlier, later in pairwise(times)), default=0)


def _values(field: str, size: int) -> set[int]:
    """The values of one field, below `size`."""
    values = {value for part in field.split(",") for value in _part(part, size)}
    if not values or max(values) >= size:
        raise ValueError("a field of the schedule is out of its bounds")
    return values


def _part(text: str, size: int) -> Iterator[int]:
    match = re.fullmatch(_PART, text)
    if match is None or match[3] == "0":
        raise ValueError("a field of the schedule isn't a number, range, list or step")
    first, last, step = match[1], match[2], int(match[3] or 1)
    if first is None:
        return iter(range(0, size, step))
    end = int(last) if last is not None else size - 1 if step > 1 else int(first)
    return iter(range(int(first), end + 1, step))
