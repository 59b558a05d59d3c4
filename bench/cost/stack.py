"""The local stack of a checkout, and more functions hosts on it, for other apps."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.checkouts import Checkout
from bench.processes import BenchFailed, clean_environment, expect_running, started

START_TIMEOUT = 120.0  # seconds
POLL = 0.005  # seconds
# Nothing is scored: the subscription gets no messages, and the clock runs at New Year only.
INTAKE_ALONE = {"LEADS_SCORING_SUBSCRIPTION": "alerts", "LEADS_CLOCK_SCHEDULE": "0 0 0 1 1 *"}
TABLE, TOPIC = "Leads", "leads"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack, as its `stack.json` describes it."""

    checkout: Checkout
    folder: Path  # for the logs
    push_url: str
    storage: str
    bus: str
    app_pid: int


@dataclass(frozen=True, slots=True)
class Host:
    """A running functions host."""

    pid: int
    push_url: str
    started_at: float  # seconds of the performance counter


@contextlib.contextmanager
def running_stack(checkout: Checkout, folder: Path, settings: dict[str, str]) -> Iterator[Stack]:
    """`dev.py start` of a checkout, on free ports and with data of its own, without keys."""
    folder.mkdir()
    data, log = folder / "data", folder / "stack.log"
    ports = [f"--{name}-port={free_port()}" for name in ("http", "table", "bus")]
    command = [checkout.python, "dev.py", "start", "--no-auth", "--data", str(data), *ports]
    environment = clean_environment(LEADS_TABLE=TABLE, LEADS_TOPIC=TOPIC, **settings)
    with started(command, cwd=checkout.root, log=log, environment=environment) as process:
        deadline = time.monotonic() + START_TIMEOUT
        while not (data / "stack.json").exists():
            expect_running(process, deadline, log, f"the stack of {checkout.name}")
            time.sleep(0.1)
        found = json.loads((data / "stack.json").read_text())
        yield Stack(checkout, folder, found["pushUrl"], found["storage"], found["bus"], found["pids"]["app"])


@contextlib.contextmanager
def running_host(stack: Stack, app: Path, name: str, **settings: str) -> Iterator[Host]:
    """One more functions host on a stack: started like the one of its app, with the same settings.

    Args:
        stack: its tables and its bus are used.
        app: the folder of the function app.
        name: of its log file.
        settings: added to those.
    """
    port, log = free_port(), stack.folder / f"{name}.log"
    app_command, environment = _started_with(stack.app_pid)
    command = host_command(app_command, stack.checkout.root, app, port)
    started_at = time.perf_counter()
    with started(command, cwd=stack.checkout.root, log=log, environment=environment | settings) as process:
        deadline = time.monotonic() + START_TIMEOUT
        while not _listens(port):
            expect_running(process, deadline, log, f"the host of {name}")
            time.sleep(POLL)
        yield Host(process.pid, f"http://127.0.0.1:{port}{urlsplit(stack.push_url).path}", started_at)


def host_command(command: Sequence[str], root: Path, app: Path, port: int) -> list[str]:
    """The command of a functions host for another app and port.

    Raises:
        BenchFailed: the command doesn't name its app's folder or its port.
    """
    if str(root) not in command or "--port" not in command[:-1]:
        raise BenchFailed("The stack doesn't start its app as `... APP_ROOT --port N ...`.")
    changed = [str(app) if part == str(root) else part for part in command]
    changed[changed.index("--port") + 1] = str(port)
    return changed


def free_port() -> int:
    """A port on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _started_with(pid: int) -> tuple[list[str], dict[str, str]]:
    """The command and the environment that a process was started with (Linux)."""
    command, environment = (
        [os.fsdecode(text) for text in Path(f"/proc/{pid}/{name}").read_bytes().split(b"\0") if text]
        for name in ("cmdline", "environ")
    )
    return command, dict(text.split("=", 1) for text in environment if "=" in text)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
