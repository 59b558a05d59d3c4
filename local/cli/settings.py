"""Check the settings of a deployment before it is made."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.policy.load import InvalidPolicy, load_policy
from shared.settings import UNRESOLVED, unresolved, usable_settings

DESCRIPTION = """\
Judges settings as the app would read them, and prints every mistake by name, never a value.

Without FILE it judges the environment of this shell. FILE may be
  - a local.settings.json, or any JSON object of names and values;
  - what `az functionapp config appsettings list` prints: [{"name": ..., "value": ...}, ...];
  - `-` for either of them on standard input.

Each setting must have the value that the app will see: a reference such as @Microsoft.KeyVault(...)
is a mistake. The sample's LEADS_ID_KEY is one too. A policy that LEADS_POLICY names is read as well.
"""
EPILOG = "Exit code: 0 if all is right, 1 if there are mistakes, 2 if FILE can't be read as settings."


class NoSettings(Exception):
    """The text isn't settings. Says why, and quotes nothing of it."""


def settings_in(text: str) -> dict[str, str]:
    """Read settings by name from JSON, see `DESCRIPTION`; null counts as empty.

    Raises:
        NoSettings: it is neither of the two forms.
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise NoSettings("isn't JSON") from exc
    if isinstance(given, dict):
        values = given.get("Values", given)
        pairs = list(values.items()) if isinstance(values, dict) else None
    elif isinstance(given, list) and all(isinstance(item, dict) and "name" in item for item in given):
        pairs = [(item["name"], item.get("value")) for item in given]
    else:
        pairs = None
    if pairs is None:
        raise NoSettings('must be an object of names and values, or a list of {"name", "value"}')
    return {str(name): _text(value) for name, value in pairs}


def _text(value: Any) -> str:
    """As the platform hands it to the app."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def mistakes_in(environment: Mapping[str, str]) -> Iterator[str]:
    """A line for each mistake: the setting's name and the rule."""
    settings = usable_settings(environment, is_deployment=True)
    yield from settings.texts()
    yield from (f"{name} {UNRESOLVED}" for name in unresolved(environment) if name not in settings.mistakes)
    try:
        load_policy(settings.policy)
    except InvalidPolicy as exc:
        count = len(exc.mistakes)
        found = f"{count} mistake{'s' if count > 1 else ''}"
        yield f"LEADS_POLICY names a policy with {found}: `dev.py policy check` lists them"


def check(file: str | None) -> int:
    """Print every mistake, or that there is none; returns the exit code."""
    try:
        environment = os.environ if file is None else settings_in(_read(file))
    except (OSError, UnicodeDecodeError) as exc:
        return _refuse(file, f"can't be read ({type(exc).__name__})")
    except NoSettings as exc:
        return _refuse(file, str(exc))
    mistakes = list(mistakes_in(environment))
    if not mistakes:
        print("The settings are right.")
        return 0
    print(f"The settings are wrong: {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}.")
    print("\n".join(f"  {mistake}" for mistake in mistakes))
    return 1


def _read(file: str) -> str:
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return data.decode("utf-8-sig")


def _refuse(file: str | None, why: str) -> int:
    print(f"{'Standard input' if file == '-' else file} {why}.", file=sys.stderr)
    return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py settings", description="Check settings.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking = commands.add_parser(
        "check",
        help="check the settings of a deployment and print every mistake",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    checking.add_argument("file", nargs="?", metavar="FILE", help="JSON, or `-`; default: the environment")
    return parser.parse_args()


def main() -> int:
    """Run the command that the arguments name."""
    return check(_arguments().file)


if __name__ == "__main__":
    sys.exit(main())
