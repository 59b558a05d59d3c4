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
  start        run the whole local stack in the foreground: Azurite, the Service Bus emulator, the app;
               --demo pushes sample leads and shows them scored
  push         do what Partner Center does: push leads from JSON files
  policy       check a policy file; compare two over the stored leads
  settings     check the settings of a deployment before it is made
  deadletters  list, show and replay messages in the dead-letter queues
  parked       list and revive work on leads that was given up; repair the rows of leads
  test         run the tests that ten minutes allow; --all: all of them; paths, -k, ...: as pytest takes them
  check        lint, format and types
  contracts    write the API, the events and their schemas to docs/; --check says which differ
  bench        measure: accuracy, speed, and reliability under faults

Each but `check` has a --help of its own. The first run installs what is pinned: it needs Node.js 20, and uses
uv (https://docs.astral.sh/uv) if it is there.
"""

# The module that each command is; `check` is none.
MODULES = {
    "start": "local.cli.start",
    "push": "local.cli.push",
    "policy": "local.cli.policy",
    "settings": "local.cli.settings",
    "deadletters": "local.cli.dead_letters",
    "parked": "local.cli.parked",
    "test": "local.cli.tests",
    "contracts": "local.cli.contracts",
    "bench": "bench",
}
CHECKS = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
WITH_AZURITE = ("start", "test", "bench")


def main(args: List[str]) -> int:
    """Run one command; 2 if there is none such, or if something must be installed by hand first."""
    if not args or args[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if args else 2
    command, rest = args[0], args[1:]
    if command != "check" and command not in MODULES:
        toolchain.say("There is no command {!r}.\n\n{}".format(command, USAGE))
        return 2
    try:
        python = toolchain.prepare(with_azurite=command in WITH_AZURITE)
    except toolchain.Missing as exc:
        toolchain.say("dev.py: {}".format(exc))
        return 2
    if command == "check":
        return check(python, rest)
    if command == "test":
        os.chdir(str(toolchain.ROOT))
    return become(python, ["-m", MODULES[command], *rest])


def check(python: str, args: List[str]) -> int:
    """Run every check, also after one that failed; 1 if any did."""
    if args:
        print(USAGE)
        return 0 if args[0] in ("-h", "--help") else 2
    failed = [step for step in CHECKS if subprocess.call([python, "-m", *step], cwd=str(toolchain.ROOT))]
    return 1 if failed else 0


def become(python: str, args: List[str]) -> int:
    """Replace this process, so that signals and the exit code are the command's own."""
    sys.stdout.flush()
    os.execve(python, [python, *args], dict(os.environ, PYTHONPATH=str(toolchain.ROOT)))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
