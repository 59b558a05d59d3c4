"""`python3 dev.py bench`: runs the benches by name, all of them without a name."""

import argparse
from collections.abc import Callable

from bench import enrichment, hostile, scoring

BENCHES: dict[str, tuple[str, Callable[[], None]]] = {
    "enrichment": ("accuracy on the gold files, and time per lead", enrichment.run),
    "scoring": (
        "leads a second with the ledger on, beside json-rules-engine and business-rules",
        scoring.run,
    ),
    "hostile": ("10,000 hostile pushes over a stack of its own: none is a 500, none is quoted", hostile.run),
}


def main() -> None:
    """Run and print; a bench fails only if what it measures gives wrong answers."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench",
        description="Measure. Figures are of this machine at this moment: read the ratios.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:12} {what}" for name, (what, _) in BENCHES.items()),
    )
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME", help="default: all")
    for name in parser.parse_args().names or BENCHES:
        what, run = BENCHES[name]
        print(f"\n{name}: {what}\n")
        run()


if __name__ == "__main__":
    main()
