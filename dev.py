#!/usr/bin/env python3
"""The one command of a developer: start the local stack, test, check, push a lead.

Any Python 3 starts it. It finds Python 3.13, makes .venv with the pinned packages, and goes on in there.
"""

import os
import subprocess
import sys
from typing import List

from local import toolchain

USAGE = """usage: python3 dev.py COMMAND [OPTIONS]

commands:
  start   run the whole local stack in the foreground: Azurite, the Service Bus emulator, the app;
          --demo pushes sample leads and shows them scored            (start --help)
  push    do what Partner Center does: push leads from JSON files     (push --help)
  policy  check a policy file; compare two over the stored leads     (policy --help)
  deadletters
          list, show and replay what was given up on            (deadletters --help)
  parked  list and revive work on leads that was given up             (parked --help)
  test    run all tests; paths, -k and other options go to pytest
  check   lint, format and types
  contracts
          write the API, the events and their schemas to docs/; --check says which differ
  bench   measure: accuracy, speed, and reliability under faults      (bench --help)

The first run installs what is pinned, once per user; it needs Python 3.13 and Node.js 20.
"""


def start(python: str, args: List[str]) -> int:
    """Become the stack: signals and the exit code are its own."""
    return _become([python, "-m", "local.cli.start", *args])


def push(python: str, args: List[str]) -> int:
    """Push leads from files."""
    return _become([python, "-m", "local.cli.push", *args])


def policy(python: str, args: List[str]) -> int:
    """Check or compare policy files."""
    return _become([python, "-m", "local.cli.policy", *args])


def deadletters(python: str, args: List[str]) -> int:
    """Look into dead-letter queues."""
    return _become([python, "-m", "local.cli.dead_letters", *args])


def parked(python: str, args: List[str]) -> int:
    """Look at parked work."""
    return _become([python, "-m", "local.cli.parked", *args])


def bench(python: str, args: List[str]) -> int:
    """Measure."""
    return _become([python, "-m", "bench", *args])


def test(python: str, args: List[str]) -> int:
    """Run pytest."""
    os.chdir(str(toolchain.ROOT))
    return _become([python, "-m", "pytest", *args])


def contracts(python: str, args: List[str]) -> int:
    """Write the contracts as files, or compare them."""
    return _become([python, "-m", "local.cli.contracts", *args])


def check(python: str, args: List[str]) -> int:
    """Run every check, also after one that failed; 1 if any did."""
    if args:
        print(USAGE)
        return 0 if args[0] in ("-h", "--help") else 2
    steps = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
    failed = [step for step in steps if subprocess.call([python, "-m", *step], cwd=str(toolchain.ROOT))]
    return 1 if failed else 0


COMMANDS = {
    "start": start,
    "push": push,
    "policy": policy,
    "deadletters": deadletters,
    "parked": parked,
    "test": test,
    "check": check,
    "contracts": contracts,
    "bench": bench,
}


def main(args: List[str]) -> int:
    """Run one command; 2 if there is none such, or if something must be installed by hand first."""
    if not args or args[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if args else 2
    command = COMMANDS.get(args[0])
    if command is None:
        toolchain.say("There is no command {!r}.\n\n{}".format(args[0], USAGE))
        return 2
    try:
        python = toolchain.prepare(with_azurite=args[0] in ("start", "test", "bench"))
    except toolchain.Missing as exc:
        toolchain.say("dev.py: {}".format(exc))
        return 2
    return command(python, args[1:])


def _become(command: List[str]) -> int:
    """Replace this process, so that Ctrl-C and SIGTERM reach the command itself."""
    environment = dict(os.environ, PYTHONPATH=str(toolchain.ROOT))
    sys.stdout.flush()
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
