"""Timer triggers: one run at a time; a run is past due if the saved status says so.

Times are aware UTC. The status is the platform's: when the timer last ran, and when it is to run next;
a `Next` that lies in the past when the host starts means that a run was missed.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self

from local.emulators.functions.ncrontab import Schedule
from local.emulators.functions.supervision import set_within

_log = logging.getLogger(__name__)

_NEVER = datetime(1, 1, 1, tzinfo=UTC)  # .NET's DateTime.MinValue, which functions see as `Last` at first
_LONGEST_WAIT = 60.0  # seconds; after sleep, or once the clock is set, a run is late by no more than this


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """The time now, aware UTC."""
        ...

    async def wait(self, seconds: float, stopping: asyncio.Event) -> None:
        """Wait `seconds`, or until `stopping` is set."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait(self, seconds: float, stopping: asyncio.Event) -> None:
        await set_within(stopping, seconds)


@dataclass(frozen=True, slots=True)
class TimerStatus:
    """When a timer last ran and when it is due; `schedule` is the text that `next` was computed from."""

    schedule: str
    last: datetime
    next: datetime
    last_updated: datetime

    def as_json(self) -> dict[str, str]:
        """The fields under the platform's names; `Schedule` is our addition."""
        return {
            "Schedule": self.schedule,
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }

    @classmethod
    def from_json(cls, document: dict[str, str]) -> Self:
        """Raises KeyError, TypeError or ValueError when a field is missing or isn't a time."""
        return cls(
            schedule=document["Schedule"],
            last=datetime.fromisoformat(document["Last"]),
            next=datetime.fromisoformat(document["Next"]),
            last_updated=datetime.fromisoformat(document["LastUpdated"]),
        )


class TimerStatusStore:
    """One JSON file for each timer below a folder, or none when the folder is None."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def load(self, timer: str) -> TimerStatus | None:
        """The saved status; None when there is none, or when it can't be read, which is logged."""
        if self._folder is None:
            return None
        path = self._path(self._folder, timer)
        try:
            return TimerStatus.from_json(json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as exc:
            _log.warning("ignored the status of timer %s: %s can't be read (%r)", timer, path, exc)
            return None

    def save(self, timer: str, status: TimerStatus) -> None:
        """Replace the saved status; a crash leaves either the old one or the new one."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(self._folder, timer)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(status.as_json()), "utf-8")
        os.replace(temporary, path)  # noqa: PTH105 - says what it does, unlike Path.replace

    @staticmethod
    def _path(folder: Path, timer: str) -> Path:
        return folder / f"{timer}.json"


class Timer:
    """Runs one function on its schedule."""

    def __init__(
        self,
        name: str,
        schedule: Schedule,
        run: Callable[[str], Awaitable[object]],
        *,
        run_on_startup: bool,
        store: TimerStatusStore,
        clock: Clock,
    ) -> None:
        """`run` takes the trigger's data as JSON text, and returns after the last retry."""
        self._name, self._schedule, self._run = name, schedule, run
        self._run_on_startup, self._store, self._clock = run_on_startup, store, clock
        self._one_at_a_time = asyncio.Lock()
        self._status = self._first_status()

    def _first_status(self) -> TimerStatus:
        saved = self._store.load(self._name)
        if saved is not None and saved.schedule == self._schedule.text:
            return saved
        now = self._clock.now()
        return TimerStatus(self._schedule.text, _NEVER, self._schedule.next_after(now), now)

    async def keep_running(self, stopping: asyncio.Event) -> None:
        """Run the function at each occurrence until `stopping`, and at once if it is past due.

        Occurrences during a run are skipped.
        """
        self._store.save(self._name, self._status)  # so that a missed first occurrence is past due, too
        past_due = self._status.next < self._clock.now()
        if past_due or self._run_on_startup:
            await self._run_and_save(past_due=past_due)
        while await self._due(stopping):
            await self._run_and_save(past_due=False)

    async def _due(self, stopping: asyncio.Event) -> bool:
        """Wait for the next occurrence; False when the host stops first."""
        while not stopping.is_set():
            remaining = (self._status.next - self._clock.now()).total_seconds()
            if remaining <= 0:
                return True
            await self._clock.wait(min(remaining, _LONGEST_WAIT), stopping)
        return False

    async def _run_and_save(self, *, past_due: bool) -> None:
        began = self._clock.now()
        await self.run_now(past_due=past_due)
        ended = self._clock.now()
        self._status = TimerStatus(self._schedule.text, began, self._schedule.next_after(ended), ended)
        self._store.save(self._name, self._status)

    async def run_now(self, *, past_due: bool = False) -> None:
        """Run once, after a run in progress; the schedule and the status don't change."""
        status = self._status.as_json()
        status.pop("Schedule")
        data = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
        async with self._one_at_a_time:
            await self._run(json.dumps(data))
