"""`python3 dev.py bench`: runs the benches by name, all of them without a name."""

import argparse
from collections.abc import Callable

from bench import enrichment, hostile, reliability, scoring, scoring_against
from bench.cost import command as cost

type Options = argparse.Namespace

BENCHES: dict[str, tuple[str, Callable[[Options], None]]] = {
    "enrichment": ("accuracy on the gold files, and time per lead", lambda _: enrichment.run()),
    "scoring": (
        "leads a second with the ledger on, beside json-rules-engine and business-rules",
        lambda options: scoring_against.run(options) if options.against else scoring.run(),
    ),
    "cost": (
        "import, first answer, intake, memory and package size, beside what does less (ten minutes)",
        cost.run,
    ),
    "reliability": (
        "leads lost and effects doubled under faults and kills; writes docs/reliability.md (an hour)",
        reliability.run,
    ),
    "hostile": (
        "10,000 hostile pushes at a stack of its own: none is a 500, none is quoted (ten minutes)",
        lambda _: hostile.run(),
    ),
}
BY_NAME_ONLY = ("cost", "reliability", "hostile")
AGAINST = ("cost", "scoring")  # can measure another commit too


def main() -> None:
    """Run and print; a bench fails only if what it measures gives wrong answers."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench",
        description="Measure. Figures are of this machine at this moment: read the ratios.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:12} {what}" for name, (what, _) in BENCHES.items()),
    )
    short = [name for name in BENCHES if name not in BY_NAME_ONLY]
    parser.add_argument(
        "names", nargs="*", choices=[*BENCHES, []], metavar="NAME", help=f"default: {', '.join(short)}"
    )
    reliability.add_options(parser.add_argument_group("of reliability"))
    cost.add_options(parser.add_argument_group("of cost and scoring"))
    options = parser.parse_args()
    if options.against and not set(options.names or short) <= set(AGAINST):
        parser.error(f"--against is for {' and '.join(AGAINST)}: name what to measure")
    for name in options.names or short:
        what, run = BENCHES[name]
        print(f"\n{name}: {what}\n")
        run(options)


if __name__ == "__main__":
    main()
