"""Read the description of the running stack."""

import json
from pathlib import Path


class NoStack(Exception):
    """No stack runs there, or its description is broken. The text tells what to do instead."""


def told_by_stack(data: Path, name: str, instead: str) -> str:
    """One of the texts in `<data>/stack.json`.

    Args:
        data: the folder of the stack.
        name: which text: `pushUrl`, `storage`, `bus`, ...
        instead: what the user could give instead, for the error's text.

    Raises:
        NoStack: there is no description, or no such text in it.
    """
    description = data / "stack.json"
    try:
        return str(json.loads(description.read_text())[name])
    except FileNotFoundError as exc:
        raise NoStack(
            f"No stack runs here: `python3 dev.py start` first, or name its folder with --data, or {instead}."
        ) from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise NoStack(f"{description} doesn't say `{name}`: start the stack again.") from exc
