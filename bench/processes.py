"""Child processes of a bench: every wait is bounded, and each is ended by its id."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

STOP_TIMEOUT = 30.0  # seconds; then it is killed
STOPPED = 130  # exit code after Ctrl-C, as of every shell command
LINES_SHOWN = 15  # of the log of a process that failed


class BenchFailed(Exception):
    """A bench can't be run. The text says why, and what to do where something can be done."""


def say(text: str) -> None:
    """Show progress on stderr; the figures alone go to stdout."""
    print(text, file=sys.stderr, flush=True)


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment without settings of the app and of Python, so that both checkouts get the same."""
    ours = ("PYTHON", "LEADS_", "MARKETPLACE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | settings


def output_of(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    shows_failure: bool = True,
) -> str:
    """Run a command to its end; what it writes to stdout.

    Args:
        command: the program and its arguments.
        cwd: the folder it runs in.
        timeout: seconds; then it is killed.
        environment: `clean_environment()` unless given.
        shows_failure: whether an error quotes what the command wrote; pip writes where it installs from.

    Raises:
        BenchFailed: it failed or took too long.
    """
    name = " ".join(Path(str(part)).name for part in command[:4])
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=clean_environment() if environment is None else environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise BenchFailed(f"`{name}` took more than {timeout:.0f} s.") from exc
    except OSError as exc:
        raise BenchFailed(f"`{name}` can't be run: {exc.strerror}.") from exc
    if done.returncode:
        details = (
            f"\n{_end_of(done.stderr or done.stdout)}" if shows_failure else " Run it by hand to see why."
        )
        raise BenchFailed(f"`{name}` failed with exit code {done.returncode}.{details}")
    return done.stdout


@contextlib.contextmanager
def started(
    command: Sequence[str], *, cwd: Path, log: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a session of its own, so that Ctrl-C reaches the bench alone; ended at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]", timeout: float = STOP_TIMEOUT) -> None:
    """Ask it to end; kill it after `timeout` seconds. A second call does nothing."""
    process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout)


def expect_running(process: "subprocess.Popen[bytes]", deadline: float, log: Path, what: str) -> None:
    """Raise BenchFailed if the process has ended, or the deadline (monotonic seconds) is over."""
    if process.poll() is not None:
        raise BenchFailed(f"{what} ended with exit code {process.returncode}:\n{_end_of(log.read_text())}")
    if time.monotonic() > deadline:
        raise BenchFailed(f"{what} isn't ready in time:\n{_end_of(log.read_text())}")


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used so far, all threads together (Linux: clock_getcpuclockid)."""
    return time.clock_gettime((~pid << 3) | 2)


def resident_megabytes(pid: int) -> float:
    """The memory that a process has in RAM now (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024


def _end_of(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-LINES_SHOWN:])
