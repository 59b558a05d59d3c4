"""The command `dev.py deadletters`: what has been given up on, why, and another try."""

import argparse
import asyncio
import json
import logging
import sys
from contextlib import suppress
from pathlib import Path

from local.dead_letters.arguments import arguments
from local.dead_letters.links import CLOSE_TIMEOUT, BusRefused
from shared.messaging.service_bus import bus_client


def bus_of_stack(data: Path) -> str:
    """The connection string of the running stack."""
    description = data / "stack.json"
    if not description.exists():
        raise BusRefused(
            "No stack runs here: `python3 dev.py start` first, or name its folder with --data, "
            "or a bus with --bus."
        )
    try:
        return str(json.loads(description.read_text())["bus"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise BusRefused(f"{description} doesn't say where the bus is: start the stack again.") from exc


async def run(args: argparse.Namespace) -> int:
    """Connect and carry out a command; its exit code.

    Raises:
        BusRefused: it can't be done; nothing was sent.
    """
    bus = args.bus or bus_of_stack(args.data)
    try:
        client = bus_client(bus, by_identity=False)
    except ValueError as exc:
        raise BusRefused("What --bus names is no connection string of a Service Bus.") from exc
    try:
        return int(await args.run(client, args))
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await client.close()


def main() -> int:
    """Carry out the command; what can't be is one sentence and exit code 1."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # its errors come as exceptions, too
    try:
        return asyncio.run(run(arguments()))
    except BusRefused as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
