"""Push leads as Partner Center does: one POST per lead, authenticated by the URL alone."""

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.cli.running_stack import NoStack, told_by_stack

TIMEOUT = 30.0  # seconds
ROOT = Path(__file__).resolve().parents[2]


def push(url: str, body: bytes) -> tuple[int, Any]:
    """POST a lead; return the status and the answer as JSON (None if it isn't JSON).

    Raises:
        OSError: no answer came.
    """
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - the caller's URL
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return answer.status, _json(answer.read())
    except urllib.error.HTTPError as exc:
        return exc.code, _json(exc.read())


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py push",
        description="Push leads from JSON files, as Partner Center does. Exit code 1 if one is refused.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="one lead as JSON")
    parser.add_argument(
        "--to", metavar="URL", help="the push URL with its key (default: of the running stack)"
    )
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".local", metavar="DIR", help="of the running stack"
    )
    return parser.parse_args()


def main() -> int:
    """Push every file, also after a refusal; exit code 1 if one was refused."""
    args = _arguments()
    try:
        url = args.to or told_by_stack(args.data, "pushUrl", "the URL with --to")
    except NoStack as exc:
        raise SystemExit(str(exc)) from exc
    refused = 0
    for path in args.files:
        try:
            status, answer = push(url, path.read_bytes())
        except (OSError, ValueError) as exc:
            print(f"{path.name}: {getattr(exc, 'strerror', None) or exc}", file=sys.stderr)
            refused += 1
            continue
        ok = 200 <= status < 300
        refused += not ok
        receipt = answer if isinstance(answer, dict) else {}
        result = receipt.get("result") or receipt.get("detail", "")
        print(f"{path.name}: {status} {result} {receipt.get('leadId', '')}".rstrip())
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
