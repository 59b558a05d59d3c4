"""Runs the functions host as a process of its own, the way the local stack does."""

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

APPS = Path(__file__).parent
REPOSITORY = APPS.parents[4]
DEADLINE = 15.0  # seconds until a test gives up on what should happen at once


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `headers` keeps repeated ones."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        return json.loads(self.body)


class HostProcess:
    """A host between `__enter__` and `__exit__`, which kills it if the test hasn't stopped it."""

    def __init__(
        self, app: Path, tmp_path: Path, *options: str, env: Mapping[str, str] | None = None
    ) -> None:
        self._command = [
            sys.executable,
            "-P",
            "-m",
            "local.emulators.functions",
            str(app),
            "--port",
            "0",
            *options,
        ]
        self._env = os.environ | {"PYTHONPATH": str(REPOSITORY)} | dict(env or {})
        self._env.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # compiling the host each time takes longer than it runs
        self._errors = tmp_path / "host.err"
        self._unread: queue.Queue[str | None] = queue.Queue()
        self.lines: list[str] = []
        self.port = 0

    def __enter__(self) -> Self:
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                self._command, env=self._env, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=REPOSITORY
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._unread.put(line.rstrip("\n"))
        self._unread.put(None)

    @property
    def log(self) -> str:
        """What the host has written to stderr so far."""
        return self._errors.read_text()

    def wait_ready(self) -> Self:
        line = self.wait_for(lambda line: line.startswith("ready "))
        self.port = int(line.rpartition(":")[2])
        return self

    def wait_for(self, wanted: Callable[[str], bool]) -> str:
        """The next line on stdout that is wanted; lines before it are kept in `lines`."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                line = self._unread.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                raise AssertionError(f"no such line in {self.lines}; the log says {self.log}") from None
            assert line is not None, f"the host ended: {self.log}"
            self.lines.append(line)
            if wanted(line):
                return line

    def wait_for_event(self, **fields: Any) -> dict[str, Any]:
        """The next JSON line on stdout that has these fields."""

        def has_fields(line: str) -> bool:
            return line.startswith("{") and fields.items() <= json.loads(line).items()

        return dict(json.loads(self.wait_for(has_fields)))

    def wait_for_log(self, text: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while text not in self.log:
            assert time.monotonic() < deadline, f"{text!r} isn't in the log: {self.log}"
            time.sleep(0.02)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        chunked: bool = False,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}), encode_chunked=chunked)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.wait_end()

    def wait_end(self) -> int:
        return self.process.wait(DEADLINE)


def write_app(folder: Path, source: str, *, host_json: str = '{"version": "2.0"}') -> Path:
    """An app of one test."""
    folder.mkdir(exist_ok=True)
    (folder / "host.json").write_text(host_json)
    (folder / "function_app.py").write_text(source)
    return folder
