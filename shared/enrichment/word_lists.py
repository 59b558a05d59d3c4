"""Read the word lists that lie beside the modules of this package."""

from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def read_word_lists(name: str) -> dict[str, Any]:
    """The tables of a TOML file of this package, such as `titles.toml`."""
    import tomllib  # noqa: PLC0415 - 3 ms that no push needs

    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))
