"""The emulator in a thread of its own, for tests and programs that need a bus."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.emulators.servicebus.cbs import KEY, KEY_NAME
from local.emulators.servicebus.config import load_config, parse_config
from local.emulators.servicebus.server import Server


class Emulator:
    """A running bus between `start()` and `stop()`, or inside a `with` block.

    Args:
        config: path of a `Config.json`, or its content.
        port: 0 = any free one; after a stop, `start()` takes the same port again, with empty entities.
        host: address to bind.

    Raises:
        ConfigError: at once, if the configuration can't be used.
        OSError: from `start()`, if the port is in use.
    """

    def __init__(
        self, config: Path | str | Mapping[str, Any], port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self.port = port
        self._host = host
        self._config = parse_config(config) if isinstance(config, Mapping) else load_config(Path(config))
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    @property
    def connection_string(self) -> str:
        """For clients; it has the official emulator's form."""
        return connection_string(self.port)

    def start(self) -> None:
        """Start the server; returns once clients can connect."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="servicebus-emulator", daemon=True)
        self._thread.start()
        self._ready.wait()
        self._raise_failure()

    def stop(self) -> None:
        """Stop the server; returns once the port is free. A second call does nothing."""
        if self._thread is None or self._loop is None or self._stopped is None:
            return
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        self._thread = None
        self._raise_failure()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure, self._thread = self._failure, None, None
            raise failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - start() or stop() raises it again
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        server = Server(self._config)
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self.port = await server.listen(self._host, self.port)
        self._ready.set()
        await self._stopped.wait()
        await server.close()


def connection_string(port: int) -> str:
    """The official emulator's connection string, for a port on this machine."""
    return (
        f"Endpoint=sb://localhost:{port};SharedAccessKeyName={KEY_NAME};SharedAccessKey={KEY};"
        "UseDevelopmentEmulator=true;"
    )
