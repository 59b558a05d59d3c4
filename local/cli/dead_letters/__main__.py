"""The command `dev.py deadletters`: list and show dead letters, and replay them."""

import argparse
import asyncio
import logging
import sys

from local.cli.dead_letters.arguments import arguments
from local.cli.dead_letters.links import BusRefused
from local.cli.running_stack import NoStack, told_by_stack
from shared.messaging.link import closed
from shared.messaging.publisher import bus_client


async def run(args: argparse.Namespace) -> int:
    """Connect and carry out a command; return its exit code.

    Raises:
        BusRefused, NoStack: it can't be done; nothing was sent.
    """
    bus = args.bus or told_by_stack(args.data, "bus", "a bus with --bus")
    try:
        client = bus_client(bus, by_identity=False)
    except ValueError as exc:
        raise BusRefused("What --bus names is no connection string of a Service Bus.") from exc
    try:
        return int(await args.run(client, args))
    finally:
        await closed(client)


def main() -> int:
    """Carry out the command; a refusal prints one sentence and gives exit code 1."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # its errors come as exceptions, too
    try:
        return asyncio.run(run(arguments()))
    except (BusRefused, NoStack) as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
