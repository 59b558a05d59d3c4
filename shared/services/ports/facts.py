"""Where facts about firms come from."""

from typing import Protocol


class FactProvider(Protocol):
    """Facts about firms from outside."""

    async def facts_of(self, domain: str) -> dict[str, str | int | float | bool]:
        """Facts by name about the firm of a registrable domain; empty if none are known, or not in time.

        Never raises: a lead is scored without them.
        """

    async def close(self) -> None:
        """Let go of all connections."""
