"""The host: runs one app's triggers, from start to drain."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from local.emulators.functions.admin import AdminApi
from local.emulators.functions.host_json import HostConfig
from local.emulators.functions.http_front import HttpEndpoint, HttpFront
from local.emulators.functions.keys import Keys
from local.emulators.functions.protos import ParameterBinding, TypedData
from local.emulators.functions.retry import run_with_retries
from local.emulators.functions.settings import SettingResolver, is_disabled
from local.emulators.functions.supervision import Supervisor, set_within
from local.emulators.functions.timers import SystemClock, Timer, TimerStatusStore
from local.emulators.functions.triggers import (
    HttpTrigger,
    ServiceBusTrigger,
    TimerTrigger,
    Trigger,
    has_route,
    read_trigger,
)
from local.emulators.functions.worker import IndexedFunction, Outcome, Worker

_log = logging.getLogger(__name__)

DRAIN_LIMIT = timedelta(seconds=10)  # for invocations that run when the host stops
_GRACE = timedelta(seconds=1)  # on top, for invocations whose caller has gone
FORCED_STOP = 1

type Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class HostOptions:
    """The options of the command line.

    Attributes:
        port: 0 for a free one.
        keys: None accepts every caller.
        state: folder for the status of timers; None stores none, so that no run is ever past due.
    """

    app_root: Path
    host: str
    port: int
    keys: Keys | None
    state: Path | None


class Host:
    """Runs one app, once."""

    def __init__(self, options: HostOptions, config: HostConfig) -> None:
        self._options, self._config = options, config
        self._supervisor = Supervisor()
        self._worker = Worker(config.function_timeout)
        self._timers: dict[str, Timer] = {}

    async def run(self) -> bool:
        """Serve until a signal or a failure, then drain.

        Returns:
            False when a function didn't end within the drain limit: its thread still runs.

        Raises:
            StartError: the app, its settings, or the port.
        """
        started = time.perf_counter()
        functions = await self._worker.start(self._options.app_root)
        triggered = self._read_triggers(functions)
        background = [
            work for function, trigger in triggered if (work := self._background(function, trigger))
        ]
        admin = AdminApi(functions, self._timers, self._supervisor.start)
        front = HttpFront(self._worker, self._options.keys, admin.answer)
        for function, trigger in triggered:
            if isinstance(trigger, HttpTrigger):
                front.add(HttpEndpoint(function, trigger, is_disabled(function.name, os.environ)))
        self._stop_on_signals()
        port = await front.listen(self._options.host, self._options.port, DRAIN_LIMIT)
        for name, keep_running in background:
            self._supervisor.start(keep_running(self._supervisor.stopping), name)
        _log.info("%d functions ready after %.2f s", len(functions), time.perf_counter() - started)
        print(f"ready http://{self._options.host}:{port}", flush=True)
        await self._supervisor.stopping.wait()
        return await self._drain(front)

    @property
    def failed(self) -> bool:
        """Whether a background task ended the host."""
        return self._supervisor.failed

    def _read_triggers(self, functions: Sequence[IndexedFunction]) -> list[tuple[IndexedFunction, Trigger]]:
        """Every function with its trigger, without disabled timers and listeners.

        A disabled HTTP function keeps its route. A disabled timer or listener needs none of its settings.
        """
        settings = SettingResolver(os.environ)
        prefix = self._config.route_prefix
        triggered = []
        for function in functions:
            if is_disabled(function.name, os.environ):
                _log.info("%s is disabled", function.name)
                if not has_route(function.bindings):
                    continue
            triggered.append((function, read_trigger(function.name, function.bindings, prefix, settings)))
        settings.raise_if_missing()
        for function, trigger in triggered:
            if function.retry and not isinstance(trigger, TimerTrigger):
                _log.warning(
                    "%s: @retry has no effect, here or in Azure: its trigger isn't a timer", function.name
                )
        return triggered

    def _background(self, function: IndexedFunction, trigger: Trigger) -> tuple[str, Loop] | None:
        """The name and the background task of a timer or listener; None for an HTTP trigger."""
        match trigger:
            case TimerTrigger():
                return f"timer {function.name}", self._timer(function, trigger).keep_running
            case ServiceBusTrigger():
                return f"listener {function.name}", self._listener(function, trigger)
            case HttpTrigger():
                return None

    def _timer(self, function: IndexedFunction, trigger: TimerTrigger) -> Timer:
        async def run(data: str) -> Outcome:
            argument = ParameterBinding(name=trigger.argument, data=TypedData(json=data))
            return await run_with_retries(
                lambda attempt: self._worker.invoke(function, argument, attempt=attempt),
                function.retry,
                self._wait_before_retry,
            )

        clock, folder = SystemClock(), self._options.state
        timer = Timer(
            function.name,
            trigger.schedule,
            run,
            run_on_startup=trigger.run_on_startup,
            store=TimerStatusStore(folder / "timers" if folder else None),
            clock=clock,
        )
        self._timers[function.name] = timer
        return timer

    async def _wait_before_retry(self, delay: timedelta) -> bool:
        return not await set_within(self._supervisor.stopping, delay.total_seconds())

    def _listener(self, function: IndexedFunction, trigger: ServiceBusTrigger) -> Loop:
        # The client library takes 0.14 s to import, which an app without this trigger needn't wait for.
        from local.emulators.functions.bus_function import processor  # noqa: PLC0415
        from local.emulators.functions.service_bus import ServiceBusListener  # noqa: PLC0415

        process = processor(self._worker, function, trigger)
        return ServiceBusListener(function.name, trigger, self._config.service_bus, process).keep_receiving

    def _stop_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._supervisor.stopping.is_set():
            _log.warning("stopped at once by a second signal")
            os._exit(FORCED_STOP)
        _log.info("stopping")
        self._supervisor.stopping.set()

    async def _drain(self, front: HttpFront) -> bool:
        await asyncio.gather(front.close(), self._supervisor.finish(DRAIN_LIMIT))
        drained = await self._worker.drain(_GRACE)
        _log.info("stopped")
        return drained
