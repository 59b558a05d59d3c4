"""The parts of the stack as child processes: start, watch, restart and stop them."""

import asyncio
import contextlib
import ctypes
import functools
import os
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 15.0  # seconds; then it is killed
LONGEST_LINE = 1024 * 1024  # bytes of a log line
RESTART_PAUSE = 0.5  # seconds
POLL = 0.05  # seconds

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ROUTINE = re.compile(r"^ready |^\S+ (INFO|DEBUG)\b|^Azurite ")

type Say = Callable[[str], None]


class PartFailed(Exception):
    """A part didn't come up. The text says which, and how it ended."""


@dataclass
class Part:
    """One child process, in a session of its own: Ctrl-C reaches the stack alone, which stops them."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    is_ready: Callable[[], Awaitable[bool]] | None = None  # None: it prints `ready` on its standard output
    stop_signal: signal.Signals = signal.SIGTERM
    say: Say = print
    log: Path | None = None  # every line goes there
    verbose: bool = False  # and to the console; else only what isn't routine
    process: asyncio.subprocess.Process | None = None
    _is_reported_ready: bool = False
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Process id of the running child; 0 if there is none."""
        return self.process.pid if self.process else 0

    async def start(self) -> None:
        """Start the child and wait until it is ready.

        Raises:
            PartFailed: it ended, or wasn't ready within `START_TIMEOUT`.
        """
        self._is_reported_ready = False
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            env={**os.environ, **(self.environment or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=LONGEST_LINE,
            preexec_fn=functools.partial(_end_with_parent, self.stop_signal),
        )
        assert self.process.stdout
        assert self.process.stderr
        self._readers = [
            asyncio.create_task(self._forward(self.process.stdout, is_output=True)),
            asyncio.create_task(self._forward(self.process.stderr, is_output=False)),
        ]
        deadline = time.monotonic() + START_TIMEOUT
        while not await self._ready():
            if self.process.returncode is not None:
                await asyncio.gather(*self._readers)
                raise PartFailed(f"{self.name} ended with exit code {self.process.returncode}")
            if time.monotonic() > deadline:
                raise PartFailed(f"{self.name} wasn't ready within {START_TIMEOUT:.0f} s")
            await asyncio.sleep(POLL)

    async def stop(self) -> None:
        """Ask the child to end; kill it after `STOP_TIMEOUT`. A second call does nothing."""
        if self.process is None or self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await self.process.wait()
        except TimeoutError:
            self.say(f"{self.name} didn't stop within {STOP_TIMEOUT:.0f} s: killed")
            self.process.kill()
            await self.process.wait()
        await asyncio.gather(*self._readers)

    async def keep_up(self, on_restart: Callable[[], None]) -> None:
        """Restart the child whenever it ends, until this task is cancelled."""
        while True:
            assert self.process
            code = await self.process.wait()
            self.say(f"{self.name} died (exit code {code}): starting it again")
            await asyncio.sleep(RESTART_PAUSE)
            try:
                await self.start()
            except PartFailed as exc:
                self.say(str(exc))
                await self.stop()
                continue
            self.say(f"{self.name} is up again")
            on_restart()

    async def _ready(self) -> bool:
        return await self.is_ready() if self.is_ready else self._is_reported_ready

    async def _forward(self, stream: asyncio.StreamReader, *, is_output: bool) -> None:
        with self.log.open("a") if self.log else contextlib.nullcontext() as log:
            async for raw in stream:
                line = raw.decode(errors="replace").rstrip()
                if is_output and line.startswith("ready"):
                    self._is_reported_ready = True
                if log:
                    print(line, file=log, flush=True)
                if line and (self.verbose or not _ROUTINE.search(line)):
                    print(f"{self.name:>8} | {line}", file=sys.stderr, flush=True)


def _end_with_parent(number: signal.Signals) -> None:
    """Have the kernel end this child when the stack is killed outright; on Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
