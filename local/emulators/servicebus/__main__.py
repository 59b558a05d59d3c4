"""Runs the emulator from the command line: `python -m local.emulators.servicebus --help`."""

import argparse
import asyncio
import errno
import logging
import signal
import sys
from pathlib import Path

from local.emulators.servicebus.config import ConfigError, load_config
from local.emulators.servicebus.emulator import connection_string
from local.emulators.servicebus.server import Server

_DESCRIPTION = """\
A Service Bus emulator for development: queues, topics and subscriptions over plain AMQP, in memory.
It starts empty. Its access key is public, so it must never be reachable from other machines."""
_EPILOG = f"""\
Clients connect with the official emulator's connection string (the port may be left out if it is 5672):
  {connection_string(5672)}
Exit code 2: the port is in use, or the configuration can't be used."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.emulators.servicebus",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shipped = Path(__file__).with_name("Config.json")
    parser.add_argument(
        "--config",
        type=Path,
        default=shipped,
        metavar="FILE",
        help="entities, in the official format of Config.json",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default %(default)s)")
    parser.add_argument("--port", type=int, default=5672, help="0 = any free port (default %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="log links and requests to stderr")
    return parser.parse_args()


def main() -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code."""
    arguments = _arguments()
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        asyncio.run(_serve(arguments))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(_listen_failure(error, arguments), file=sys.stderr)
        return 2
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = Server(load_config(arguments.config))
    port = await server.listen(arguments.host, arguments.port)
    print(f"ready amqp://{arguments.host}:{port}", flush=True)
    await stop.wait()
    await server.close()


def _listen_failure(error: OSError, arguments: argparse.Namespace) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {arguments.port} on {arguments.host} is in use: stop what runs there or pass --port."
    return f"Can't listen on {arguments.host}:{arguments.port}: {error.strerror}."


if __name__ == "__main__":
    sys.exit(main())
