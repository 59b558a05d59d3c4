"""Timers of the functions host, under a clock that only the test moves."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.emulators.functions.ncrontab import Schedule
from local.emulators.functions.protos import RpcException, RpcRetryOptions
from local.emulators.functions.retry import delay_before, run_with_retries
from local.emulators.functions.timers import Timer, TimerStatus, TimerStatusStore
from local.emulators.functions.worker import Attempt, Outcome

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVERY_MINUTE = "0 * * * * *"


class ManualClock:
    """Waiting moves it on; after `until` it says that the host stops."""

    def __init__(self, start: datetime, until: datetime) -> None:
        self._now, self._until = start, until

    def now(self) -> datetime:
        return self._now

    def pass_by(self, duration: timedelta) -> None:
        self._now += duration

    async def wait(self, seconds: float, stopping: asyncio.Event) -> None:
        self._now += timedelta(seconds=seconds)
        if self._now > self._until:
            stopping.set()


class Runs:
    """Notes the time and the data of each run, which takes `lasting`."""

    def __init__(self, clock: ManualClock, lasting: timedelta = timedelta(0)) -> None:
        self.clock, self.lasting = clock, lasting
        self.at: list[str] = []
        self.data: list[dict[str, Any]] = []

    async def __call__(self, data: str) -> None:
        self.at.append(self.clock.now().strftime("%H:%M:%S"))
        self.data.append(json.loads(data))
        self.clock.pass_by(self.lasting)

    @property
    def past_due(self) -> list[bool]:
        return [data["IsPastDue"] for data in self.data]


async def run_timer(
    runs: Runs, *, schedule: str = EVERY_MINUTE, run_on_startup: bool = False, state: Path | None = None
) -> None:
    timer = Timer(
        "clock",
        Schedule.parse(schedule),
        runs,
        run_on_startup=run_on_startup,
        store=TimerStatusStore(state),
        clock=runs.clock,
    )
    await timer.keep_running(asyncio.Event())


def clock_until(minutes: int, start: datetime = NOON) -> ManualClock:
    return ManualClock(start, start + timedelta(minutes=minutes))


async def test_a_timer_runs_at_each_occurrence():
    runs = Runs(clock_until(3))
    await run_timer(runs)
    assert runs.at == ["12:01:00", "12:02:00", "12:03:00"]
    assert runs.past_due == [False, False, False]


async def test_a_rare_timer_waits_in_steps_and_runs_on_time():
    runs = Runs(clock_until(200))
    await run_timer(runs, schedule="7 30 14 * * *")
    assert runs.at == ["14:30:07"]


async def test_a_run_longer_than_the_period_skips_to_the_next_occurrence():
    runs = Runs(clock_until(6), lasting=timedelta(seconds=150))
    await run_timer(runs)
    assert runs.at == ["12:01:00", "12:04:00"]


async def test_run_on_startup_runs_at_once_and_is_not_past_due():
    runs = Runs(clock_until(1))
    await run_timer(runs, run_on_startup=True)
    assert runs.at == ["12:00:00", "12:01:00"]
    assert runs.past_due == [False, False]


async def test_a_run_missed_while_the_host_was_down_is_past_due(tmp_path: Path):
    await run_timer(Runs(clock_until(1)), state=tmp_path)
    runs = Runs(clock_until(1, NOON + timedelta(hours=1, seconds=30)))
    await run_timer(runs, state=tmp_path)
    assert runs.at[0] == "13:00:30"
    assert runs.past_due == [True, False]
    assert runs.data[0]["ScheduleStatus"]["Last"] == "2026-01-01T12:01:00+00:00"
    assert runs.data[0]["ScheduleStatus"]["Next"] == "2026-01-01T12:02:00+00:00"


async def test_even_the_first_occurrence_can_be_missed(tmp_path: Path):
    await run_timer(Runs(clock_until(0)), state=tmp_path)
    runs = Runs(clock_until(0, NOON + timedelta(minutes=5)))
    await run_timer(runs, state=tmp_path)
    assert runs.past_due == [True]


async def test_a_restart_between_two_occurrences_is_not_past_due(tmp_path: Path):
    await run_timer(Runs(clock_until(1)), state=tmp_path)
    runs = Runs(clock_until(1, NOON + timedelta(seconds=90)))
    await run_timer(runs, state=tmp_path)
    assert runs.past_due == [False]


async def test_a_changed_schedule_forgets_what_the_old_one_missed(tmp_path: Path):
    await run_timer(Runs(clock_until(1)), state=tmp_path)
    runs = Runs(clock_until(1, NOON + timedelta(hours=1)))
    await run_timer(runs, schedule="30 * * * * *", state=tmp_path)
    assert runs.past_due == [False]


async def test_a_crash_in_a_run_leaves_it_past_due(tmp_path: Path):
    class Killed(Exception):
        pass

    class DyingRuns(Runs):
        async def __call__(self, data: str) -> None:
            await super().__call__(data)
            raise Killed

    with pytest.raises(Killed):
        await run_timer(DyingRuns(clock_until(1)), state=tmp_path)
    runs = Runs(clock_until(0, NOON + timedelta(minutes=1, seconds=5)))
    await run_timer(runs, state=tmp_path)
    assert runs.past_due == [True]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"Schedule": 1, "Last": "x", "Next": "y", "LastUpdated": 5}']
)
async def test_a_status_that_cannot_be_read_is_forgotten_aloud(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "clock.json").write_text(content)
    runs = Runs(clock_until(1))
    await run_timer(runs, state=tmp_path)
    assert runs.past_due == [False]
    assert "ignored the status of timer clock" in caplog.text


def test_a_saved_status_comes_back(tmp_path: Path):
    status = TimerStatus(EVERY_MINUTE, NOON, NOON + timedelta(minutes=1), NOON + timedelta(seconds=2))
    store = TimerStatusStore(tmp_path / "new" / "folder")
    store.save("clock", status)
    assert store.load("clock") == status
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["clock.json"]


async def test_a_run_by_hand_waits_for_the_run_in_progress():
    running, finish, order = asyncio.Event(), asyncio.Event(), list[str]()

    async def run(data: str) -> None:
        order.append("began")
        running.set()
        await finish.wait()
        order.append("ended")

    store = TimerStatusStore(None)
    schedule = Schedule.parse(EVERY_MINUTE)
    timer = Timer("clock", schedule, run, run_on_startup=False, store=store, clock=clock_until(1))
    first, second = asyncio.create_task(timer.run_now()), asyncio.create_task(timer.run_now())
    await running.wait()
    finish.set()
    await asyncio.gather(first, second)
    assert order == ["began", "ended", "began", "ended"]


class Attempts:
    """Fails until `succeeds_at`, and notes the attempts and the waits between them."""

    def __init__(self, succeeds_at: int | None = None, stops_after: int = 99) -> None:
        self.seen: list[Attempt] = []
        self.waits: list[float] = []
        self._succeeds_at, self._stops_after = succeeds_at, stops_after

    async def run(self, attempt: Attempt) -> Outcome:
        self.seen.append(attempt)
        if attempt.retry_count == self._succeeds_at:
            return Outcome()
        return Outcome(exception=RpcException(message=f"failure {attempt.retry_count}"))

    async def wait(self, delay: timedelta) -> bool:
        self.waits.append(delay.total_seconds())
        return len(self.waits) < self._stops_after


def fixed(count: int) -> RpcRetryOptions:
    return RpcRetryOptions(
        max_retry_count=count, retry_strategy="fixed_delay", delay_interval=timedelta(seconds=2)
    )


@pytest.mark.parametrize(
    ("attempts", "options", "counts", "succeeded"),
    [
        (Attempts(), None, [0], False),
        (Attempts(), fixed(2), [0, 1, 2], False),
        (Attempts(succeeds_at=1), fixed(2), [0, 1], True),
        (Attempts(succeeds_at=0), fixed(2), [0], True),
        (Attempts(succeeds_at=7), fixed(-1), [0, 1, 2, 3, 4, 5, 6, 7], True),
        (Attempts(stops_after=1), fixed(5), [0], False),  # the host stops while it waits
    ],
)
async def test_a_failed_function_runs_again_as_often_as_its_policy_says(
    attempts: Attempts, options: RpcRetryOptions | None, counts: list[int], succeeded: bool
):
    outcome = await run_with_retries(attempts.run, options, attempts.wait)
    assert [attempt.retry_count for attempt in attempts.seen] == counts
    assert outcome.succeeded is succeeded


async def test_an_attempt_knows_its_limit_and_the_failure_before():
    attempts = Attempts()
    await run_with_retries(attempts.run, fixed(1), attempts.wait)
    first, second = attempts.seen
    assert (first.max_retry_count, first.exception) == (1, None)
    assert second.exception is not None
    assert second.exception.message == "failure 0"
    assert attempts.waits == [2]


@pytest.mark.parametrize(("retry", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 5), (5000, 5)])
def test_exponential_delays_double_up_to_the_maximum(retry: int, seconds: int):
    options = RpcRetryOptions(minimum_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=5))
    assert delay_before(retry, options) == timedelta(seconds=seconds)


def test_the_longest_interval_of_the_library_is_no_overflow():
    longest = timedelta(seconds=2**31 - 1)
    options = RpcRetryOptions(minimum_interval=timedelta(hours=23), maximum_interval=longest)
    assert delay_before(100, options) == longest
