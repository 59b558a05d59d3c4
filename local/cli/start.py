"""The whole local stack in the foreground: Azurite, the Service Bus emulator, the app."""

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from local.azurite import azurite
from local.azurite import connection_string as azurite_connection
from local.cli.demo import run_demo
from local.emulators.servicebus.emulator import connection_string as bus_connection
from local.keys import Keys, load_keys, write_host_keys, write_private
from local.parts import Part, PartFailed
from local.toolchain import say
from shared.policy.load import InvalidPolicy, load_policy
from shared.settings import InvalidSettings, read_settings

ROOT = Path(__file__).resolve().parents[2]
BUS_CONFIG = ROOT / "local" / "emulators" / "servicebus" / "Config.json"


class FolderInUse(Exception):
    """Another stack works on the data folder."""


@dataclass(frozen=True)
class Ports:
    """Where the parts listen, on 127.0.0.1."""

    http: int
    table: int
    bus: int


class Stack:
    """Three parts, started in order and kept up.

    Args:
        ports: where they listen.
        data: the folder that outlives a restart: tables, keys, timers.
        no_auth: accept every request, without keys.
        verbose: show routine log lines too; they are always in the folder's `logs/`.
    """

    def __init__(self, ports: Ports, data: Path, *, no_auth: bool, verbose: bool) -> None:
        """Make the data folder; start nothing yet."""
        (data / "logs").mkdir(parents=True, exist_ok=True)
        self._lock = _locked(data)
        self.ports, self.data, self.no_auth = ports, data, no_auth
        self.keys = load_keys(data)
        self.environment = app_environment(ports, self.keys)
        self.azurite = azurite(ports.table, data / "azurite")
        self.bus = _bus(ports.bus)
        self.app = _app(ports.http, data, self.keys, self.environment, no_auth=no_auth)
        self.parts = [self.azurite, self.bus, self.app]
        for part in self.parts:
            part.say, part.verbose, part.log = say, verbose, data / "logs" / f"{part.name}.log"

    @property
    def api_url(self) -> str:
        """The URL under which the routes are."""
        return f"http://127.0.0.1:{self.ports.http}/api"

    @property
    def push_url(self) -> str:
        """The URL to paste into Partner Center, with its key."""
        url = f"{self.api_url}/marketplace/leads"
        return url if self.no_auth else f"{url}?code={self.keys.push}"

    async def start(self) -> None:
        """Bring the parts up; raises PartFailed."""
        await asyncio.gather(self.azurite.start(), self.bus.start())
        await self.app.start()
        self.describe()

    async def keep_up(self) -> None:
        """Restart parts that end, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in self.parts:
                group.create_task(part.keep_up(self.describe))

    async def stop(self) -> None:
        """Stop the parts, the app first: it drains. Then the description goes."""
        for part in reversed(self.parts):
            await part.stop()
        (self.data / "stack.json").unlink(missing_ok=True)

    def describe(self) -> None:
        """Write `stack.json`: where everything is, for programs."""
        description = {
            "pushUrl": self.push_url,
            "apiUrl": self.api_url,
            "functionKey": self.keys.function,
            "adminKey": self.keys.admin,
            "storage": self.environment["LEADS_STORAGE"],
            "bus": self.environment["LEADS_BUS"],
            "pids": {"app": self.app.pid, "azurite": self.azurite.pid, "bus": self.bus.pid},
        }
        write_private(self.data / "stack.json", description)


def app_environment(ports: Ports, keys: Keys) -> dict[str, str]:
    """The app's settings: what the caller's environment says, else local.settings.json, else the sample.

    Storage, bus and the id key are always the stack's own.
    """
    samples = _values(ROOT / "local.settings.sample.json")
    own = _values(ROOT / "local.settings.json")
    given = {name: value for name, value in os.environ.items() if value and name in samples}
    if given.get("LEADS_POLICY"):
        given["LEADS_POLICY"] = str(Path(given["LEADS_POLICY"]).resolve())
    stack = {
        "LEADS_STORAGE": azurite_connection(ports.table),
        "LEADS_BUS": bus_connection(ports.bus),
        "LEADS_ID_KEY": keys.lead_id,
        "LEADS_STORAGE__tableServiceUri": "",
        "LEADS_BUS__fullyQualifiedNamespace": "",
    }
    return {**samples, **own, **given, **stack}


def _values(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    values: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8-sig")).get("Values", {})
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _bus(port: int) -> Part:
    command = [sys.executable, "-m", "local.emulators.servicebus"]
    command += ["--config", str(BUS_CONFIG), "--port", str(port)]
    return Part(name="bus", command=command, environment={"PYTHONPATH": str(ROOT)})


def _app(port: int, data: Path, keys: Keys, environment: Mapping[str, str], *, no_auth: bool) -> Part:
    # -P: the folder we run in must not come first on sys.path, the app's root comes last as in Azure.
    command = [sys.executable, "-P", "-m", "local.emulators.functions", str(ROOT), "--port", str(port)]
    command += ["--state", str(data / "timers")]
    command += ["--no-auth"] if no_auth else ["--keys", str(write_host_keys(keys, data / "host-keys.json"))]
    return Part(name="app", command=command, environment={**environment, "PYTHONPATH": str(ROOT)})


def _locked(data: Path) -> TextIO:
    """Hold a data folder as long as the file is open: two Azurites on one folder lose each other's rows."""
    lock = (data / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUse(
            f"Another stack runs on {data}: end it, or name another folder with --data."
        ) from None
    return lock


def _taken(ports: Ports) -> list[int]:
    def is_taken(port: int) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return True
        return False

    return [port for port in (ports.http, ports.table, ports.bus) if is_taken(port)]


def _greet(stack: Stack) -> None:
    lead = '{"UserDetails": {"FirstName": "Ada", "Email": "ada@fabrikam.example"}, "ActionCode": "PLT"}'
    print(
        f"ready\n\n  push URL  {stack.push_url}\n"
        f"  leads     {stack.api_url}/leads?code={stack.keys.function}\n"
    )
    print(
        f"  curl -i '{stack.push_url}' \\\n    -H 'Content-Type: application/json' \\\n    -d '{lead}'\n",
        flush=True,
    )


async def _serve(stack: Stack, *, demo: bool) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    say("Starting Azurite, the Service Bus emulator and the app ...")
    work = asyncio.create_task(_work(stack, demo=demo))
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    except PartFailed as exc:
        say(f"The stack isn't up: {exc}.")
        return 1
    finally:
        stop.cancel()
        say("Stopping ...")
        await stack.stop()
    return 0


async def _work(stack: Stack, *, demo: bool) -> None:
    await stack.start()
    _greet(stack)
    if demo:
        await asyncio.to_thread(run_demo, stack.push_url, stack.api_url, stack.keys.function)
    await stack.keep_up()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 65536):
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py start",
        description="The whole local stack in the foreground, until Ctrl-C. Tables outlive a restart, the "
        "bus starts empty. While it runs, DIR/stack.json says where everything is.",
    )
    parser.add_argument(
        "--http-port", type=_port, default=7071, metavar="N", help="of the app (default 7071)"
    )
    parser.add_argument(
        "--table-port", type=_port, default=10002, metavar="N", help="of Azurite (default 10002)"
    )
    parser.add_argument(
        "--bus-port", type=_port, default=5672, metavar="N", help="of Service Bus (default 5672)"
    )
    parser.add_argument("--data", type=Path, default=ROOT / ".local", metavar="DIR", help="default .local/")
    parser.add_argument("--demo", action="store_true", help="push the sample leads and show them scored")
    parser.add_argument("--no-auth", action="store_true", help="let everybody in, without keys")
    parser.add_argument("--verbose", action="store_true", help="show every log line (always in DIR/logs)")
    return parser.parse_args()


def main() -> int:
    """Run the stack; 2 if a port is taken, or a setting or the policy is wrong."""
    args = _arguments()
    ports = Ports(args.http_port, args.table_port, args.bus_port)
    if len({ports.http, ports.table, ports.bus}) < 3:
        say("Two parts can't listen on one port: choose three (see start --help).")
        return 2
    if taken := _taken(ports):
        say(f"Port {taken[0]} is taken: end what listens there, or choose another one (see start --help).")
        return 2
    try:
        stack = Stack(ports, args.data.resolve(), no_auth=args.no_auth, verbose=args.verbose)
        load_policy(read_settings(stack.environment).policy)
    except (FolderInUse, InvalidSettings, InvalidPolicy) as exc:
        say(str(exc))
        return 2
    return asyncio.run(_serve(stack, demo=args.demo))


if __name__ == "__main__":
    sys.exit(main())
