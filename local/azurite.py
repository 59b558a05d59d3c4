"""Azurite, Microsoft's storage emulator: its table service alone."""

import asyncio
import shutil
import signal
from pathlib import Path

from local import toolchain
from local.parts import Part

ACCOUNT = "devstoreaccount1"
# The well-known key of every Azurite and of the old storage emulator: public, opens nothing else.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_string(port: int) -> str:
    """How clients reach the table service on a port of this machine."""
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};TableEndpoint={endpoint};"


def azurite(port: int, data: Path | None) -> Part:
    """Azurite as a part of the stack, keeping its tables in a folder, or in memory alone.

    It ends on SIGINT only: SIGTERM kills it with up to five seconds of acknowledged writes unsaved.
    """
    options = ["--tableHost", "127.0.0.1", "--tablePort", str(port)]
    options += ["--location", str(data)] if data else ["--inMemoryPersistence"]
    options += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    node = shutil.which("node") or "node"
    return Part(
        name="azurite",
        command=[node, toolchain.azurite_script(), *options],
        is_ready=lambda: _listens(port),
        stop_signal=signal.SIGINT,
    )


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
