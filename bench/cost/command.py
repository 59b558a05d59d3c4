"""`dev.py bench cost`: import, first answer, intake, memory and package size, in turn."""

import argparse
import math
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from bench.checkouts import Checkout, checkouts
from bench.cost import first_answer, imports, intake, memory, package_size
from bench.figures import table
from bench.processes import STOPPED, BenchFailed, say

TURNS = 7
IMPORTS_A_TURN = 3

type Measure = Callable[[Sequence[Checkout], int, Path], None]


def add_options(group: "argparse._ArgumentGroup") -> None:
    """Add the options of this bench; `--against` and `--turns` apply to scoring too."""
    group.add_argument(
        "--against",
        metavar="COMMIT",
        help="measure this commit too, in alternating turns: before and after in one run",
    )
    group.add_argument(
        "--turns",
        type=_positive,
        default=TURNS,
        metavar="N",
        help=f"turns of each ({TURNS}); imports take three times as many, memory and scoring a third",
    )
    group.add_argument(
        "--only",
        action="append",
        choices=list(MEASURES),
        metavar="WHAT",
        help=f"what cost measures: {', '.join(MEASURES)}; may be repeated (default: all)",
    )


def run(options: argparse.Namespace) -> None:
    """Measure and print; leaves no process and no folder behind, even after Ctrl-C or SIGTERM."""
    if sys.platform != "linux":
        raise SystemExit("`bench cost` reads CPU time and memory from /proc: it needs Linux.")
    signal.signal(signal.SIGTERM, _end)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="bench-cost-", ignore_cleanup_errors=True) as folder,
            checkouts(options.against) as trees,
        ):
            for name in options.only or MEASURES:
                MEASURES[name](trees, options.turns, Path(folder).resolve())
    except BenchFailed as exc:
        raise SystemExit(f"bench cost: {exc}") from exc
    except KeyboardInterrupt:
        say("bench cost: stopped")
        raise SystemExit(STOPPED) from None


def _import(trees: Sequence[Checkout], turns: int, _: Path) -> None:
    measured, has_pydantic = imports.measure(trees, turns * IMPORTS_A_TURN)
    print(f"import: `import function_app` in a fresh process; turns: {turns * IMPORTS_A_TURN}")
    print("  bare: `import azure.functions, azure.data.tables`")
    print(table(imports.QUANTITIES, _names(trees), measured))
    for name, is_there in has_pydantic.items():
        print(f"  {name}: pydantic is{'' if is_there else ' not'} imported with the app")
    print()


def _first_answer(trees: Sequence[Checkout], turns: int, folder: Path) -> None:
    measured = first_answer.measure(trees, turns, folder)
    print(f"first answer: a fresh functions host until its first push is answered; turns: {turns}")
    print("  bare: the bare function of `intake` in the same host")
    print(table(first_answer.QUANTITIES, _names(trees), measured) + "\n")


def _intake(trees: Sequence[Checkout], turns: int, folder: Path) -> None:
    measured = intake.measure(trees, turns, folder)
    print(f"intake: {intake.PUSHES} + {intake.PUSHES_ALONE} pushes a turn, scoring off; turns: {turns}")
    print(
        "  bare: a function in the same host: one transaction of the same rows, one send of the same message"
    )
    print(table(intake.QUANTITIES, _names(trees), measured) + "\n")


def _memory(trees: Sequence[Checkout], turns: int, folder: Path) -> None:
    turns = a_third(turns)
    measured = memory.measure(trees, turns, folder)
    print(f"memory: resident, of the process that runs functions host and app; turns: {turns}")
    print(table(memory.QUANTITIES, _names(trees), measured) + "\n")


def _package(trees: Sequence[Checkout], _: int, folder: Path) -> None:
    measured = package_size.measure(trees, folder)
    print("package: requirements.txt installed with pip, without .pyc files; 1 MB is 1,000,000 bytes")
    print(table(package_size.QUANTITIES, _names(trees), measured) + "\n")


MEASURES: dict[str, Measure] = {
    "import": _import,
    "first-answer": _first_answer,
    "intake": _intake,
    "memory": _memory,
    "package": _package,
}


def a_third(turns: int) -> int:
    """A third of the turns, rounded up, for measurements that take long."""
    return math.ceil(turns / 3)


def _names(trees: Sequence[Checkout]) -> list[str]:
    return [tree.name for tree in trees]


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:4]) < 1000):
        raise argparse.ArgumentTypeError("turns are a number from 1 to 999")
    return int(text)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
