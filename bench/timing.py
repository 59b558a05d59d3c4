"""Time, with the machine's noise shown."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Rates:
    """How many a second, round by round."""

    rounds: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median round."""
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        """The middle, and how far the rounds lie apart."""
        return f"{self.middle:10,.0f}/s   ({min(self.rounds):,.0f} - {max(self.rounds):,.0f})"


def rate(work: Callable[[], int]) -> float:
    """One round: how many a second, of as many as the work says it did."""
    began = time.perf_counter()
    return work() / (time.perf_counter() - began)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values doesn't exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
