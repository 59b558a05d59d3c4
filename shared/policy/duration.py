"""Durations as a policy writes them: `24h`."""

import re
from datetime import timedelta
from typing import Any, Self

LONGEST = timedelta(days=3650)
_DURATION = r"([0-9]{1,9})([smhd])"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(timedelta):
    """A duration, written `3s`, `15m`, `24h` or `7d`."""

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> dict[str, Any]:
        """Tell pydantic to read it by `parse` and to write it by `to_text`."""
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": cls.parse},
            "serialization": {"type": "function-plain", "function": cls.to_text},
        }

    def to_text(self) -> str:
        """The duration in whole seconds, as a policy may write it: `86400s`."""
        return f"{self.total_seconds():.0f}s"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a duration.

        Raises:
            ValueError: not of that form, zero, or longer than `LONGEST`. The error quotes no text.
        """
        parts = re.fullmatch(_DURATION, text) if isinstance(text, str) else None
        if not parts:
            raise ValueError('must be a duration such as "3s", "15m", "24h" or "7d"')
        number, unit = int(parts[1]), _UNITS[parts[2]]
        if not 0 < number <= LONGEST / timedelta(**{unit: 1}):
            raise ValueError("must be longer than zero and at most 3650 days")
        return cls(**{unit: number})
