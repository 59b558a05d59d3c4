"""Run the scoring bench in two checkouts in turn."""

import argparse
import re

from bench.checkouts import Checkout, checkouts
from bench.cost.command import a_third
from bench.figures import Measured, Quantity, table
from bench.processes import STOPPED, BenchFailed, clean_environment, output_of, say

TIMEOUT = 900.0  # seconds of one run; the peers may have to be installed
_RATE = re.compile(r"^  (?P<name>\S.*?)\s+(?P<rate>[\d,]+)/s", re.MULTILINE)


def run(options: argparse.Namespace) -> None:
    """Run `bench scoring` in the other commit and in this checkout in turn; print rates and ratios."""
    turns = a_third(options.turns)
    measured: Measured = {}
    try:
        with checkouts(options.against) as trees:
            for turn in range(1, turns + 1):
                for tree in trees:
                    say(f"scoring: turn {turn} of {turns}, {tree.name}")
                    for name, rate in rates(_output(tree)).items():
                        measured.setdefault((tree.name, name), []).append(rate)
            names = [tree.name for tree in trees]
    except BenchFailed as exc:
        raise SystemExit(f"bench scoring: {exc}") from exc
    except KeyboardInterrupt:
        say("bench scoring: stopped")
        raise SystemExit(STOPPED) from None
    common = [name for checkout, name in measured if checkout == names[0] and (names[1], name) in measured]
    print(table([Quantity(name, "leads a second") for name in common], names, measured))


def rates(text: str) -> dict[str, float]:
    """The rates that the scoring bench printed, by name."""
    return {match["name"]: float(match["rate"].replace(",", "")) for match in _RATE.finditer(text)}


def _output(tree: Checkout) -> str:
    environment = clean_environment(PYTHONPATH=str(tree.root))
    return output_of(
        [tree.python, "-m", "bench", "scoring"], cwd=tree.root, timeout=TIMEOUT, environment=environment
    )
