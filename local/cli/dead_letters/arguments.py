"""The command's arguments and help."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.cli.dead_letters.commands import send_again, show, show_list
from local.cli.dead_letters.links import Place

ROOT = Path(__file__).resolve().parents[3]
PLACE = "a queue, or TOPIC/NAME of a subscription"
PERSONAL = "Bodies hold personal data: mind who sees the screen, and where the output goes."
REPLAY = """\
Sends dead letters to their queue again, and takes each out once the bus has confirmed the
new message: same body, message id, session id, content type and application properties.
Stopped in between, a message is there twice rather than nowhere. A refused activity is sent
without its refusal, so that it is worked on again.

Nobody can send to a subscription alone: a dead letter of TOPIC/NAME goes to the topic, and
all subscribers whose rules match get it, also those that have had it. Its message id is the
one they know, so they can drop it; `scoring`, ours, does. The lead in it is as it was then.

To reach a message, those before it are locked for a moment; their delivery count rises by
one. A queue or topic with duplicate detection drops an id that it has had within its window,
without a word: replay there only when the window is over.

Asks nothing. Exit code 1 if one was left; it is said which, and why."""


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the arguments; wrong ones end the program with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="dev.py deadletters", description="Look at dead letters, replay them."
    )
    commands = parser.add_subparsers(required=True)
    listing = _command(
        commands, "list", "how many, and a line for each", "Peeks only: locks and changes nothing."
    )
    place = listing.add_mutually_exclusive_group()
    place.add_argument("--queue", type=_queue, dest="place", metavar="NAME", help="this queue only")
    place.add_argument(
        "--subscription",
        type=_subscription,
        dest="place",
        metavar="TOPIC/NAME",
        help="this subscription only",
    )
    listing.set_defaults(run=show_list)
    showing = _command(commands, "show", "one, whole", f"Peeks only. {PERSONAL}")
    showing.add_argument("place", type=_place, metavar="PLACE", help=PLACE)
    showing.add_argument("sequence", type=_number, metavar="SEQUENCE", help="its number in the list")
    showing.set_defaults(run=show)
    replaying = _command(commands, "replay", "send them again", REPLAY)
    replaying.add_argument("place", type=_place, metavar="PLACE", help=PLACE)
    replaying.add_argument(
        "sequences", type=_number, nargs="*", metavar="SEQUENCE", help="numbers in the list (default: all)"
    )
    replaying.set_defaults(run=send_again)
    return parser.parse_args(words)


def _command(commands: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description, formatter_class=form
    )
    command.add_argument(
        "--data", type=Path, default=ROOT / ".local", metavar="DIR", help="of the running stack"
    )
    command.add_argument("--bus", metavar="CONNECTION", help="connection string of another bus")
    command.add_argument(
        "--limit",
        type=_number,
        default=200,
        metavar="N",
        help="messages at most, of a place (default: %(default)s)",
    )
    command.add_argument(
        "--timeout",
        type=_number,
        default=30,
        metavar="S",
        help="seconds for an answer (default: %(default)s)",
    )
    return command


def _place(name: str) -> Place:
    return _subscription(name) if "/" in name else _queue(name)


def _queue(name: str) -> Place:
    if not name:
        raise argparse.ArgumentTypeError("a queue has a name")
    return Place(name)


def _subscription(name: str) -> Place:
    topic, _, subscription = name.partition("/")
    if not topic or not subscription:
        raise argparse.ArgumentTypeError(f"{name!r} isn't TOPIC/NAME")
    return Place(topic, subscription)


def _number(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number < 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a whole number from 1 on")
    return number
