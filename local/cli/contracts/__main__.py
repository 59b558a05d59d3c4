"""Writes the contracts to docs/: the API, the events and reports, schemas of the lead and its events.

With `--check` it writes nothing, says which file differs from what the code says, and fails then.
"""

import argparse
import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from function_app import BLUEPRINTS
from functions.openapi import routes_of
from shared.contract.asyncapi import LEAD_FILE, asyncapi, event_file, lead_file
from shared.contract.openapi import document
from shared.leads.events import PAYLOADS

DOCS = Path(__file__).resolve().parents[3] / "docs"
SCHEMAS = "schemas"
FILES: dict[str, Callable[[], Any]] = {
    "openapi.json": lambda: document(routes_of(BLUEPRINTS)),
    "asyncapi.json": asyncapi,
    f"{SCHEMAS}/{LEAD_FILE}": lead_file,
    **{f"{SCHEMAS}/{type_}.json": functools.partial(event_file, type_) for type_ in PAYLOADS},
}


def written(value: Any) -> str:
    """The text of a file."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def main(args: list[str]) -> int:
    """Write or compare all files; return 1 if a file differs, or belongs to no contract any more, else 0."""
    parser = argparse.ArgumentParser(prog="dev.py contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    is_check = parser.parse_args(args).check
    failed = 0
    for name, make in FILES.items():
        failed |= _compare(name, written(make())) if is_check else _write(name, written(make()))
    for path in sorted((DOCS / SCHEMAS).glob("*.json")):
        if f"{SCHEMAS}/{path.name}" not in FILES:
            print(f"{SCHEMAS}/{path.name}: there is no such event type; delete it")
            failed = 1
    return failed


def _compare(name: str, text: str) -> int:
    path = DOCS / name
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{name}: differs from what the code says; run `python3 dev.py contracts`")
    return 1


def _write(name: str, text: str) -> int:
    path = DOCS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"{name}: written, {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
