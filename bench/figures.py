"""Quantities of checkouts, measured in turn: minimum, median, maximum, and medians of pairwise ratios."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

type Measured = dict[tuple[str, str], list[float]]  # by checkout and quantity; one value a turn


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured.

    Attributes:
        peer: the quantity that this one is compared with, turn by turn; None compares it with none.
        bound: what the ratio to the peer must reach, in words.
    """

    name: str
    unit: str
    digits: int = 0  # behind the point
    peer: str | None = None
    bound: str = ""


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of values of one turn: a slow turn slows both.

    Raises:
        ValueError: there are none, or they aren't pairs.
    """
    return statistics.median(one / other for one, other in zip(above, below, strict=True))


def table(quantities: Sequence[Quantity], checkouts: Sequence[str], measured: Measured) -> str:
    """One line for each quantity and checkout; with two also the ratio of the second to the first."""
    first, *others = checkouts
    has_peers = any(quantity.peer for quantity in quantities)
    head = ["", "checkout", "min", "median", "max"]
    head += ["x peer"] * has_peers + [f"x {first}"] * bool(others)
    lines = [head]
    for quantity in quantities:
        for number, checkout in enumerate(checkouts):
            values = measured[checkout, quantity.name]
            peers = measured[checkout, quantity.peer] if quantity.peer else None
            spread = (min(values), statistics.median(values), max(values))
            line = [f"{quantity.name}, {quantity.unit}" if number == 0 else "", checkout]
            line += [f"{value:,.{quantity.digits}f}" for value in spread]
            if has_peers:
                line.append(f"{ratio(values, peers):.2f}" if peers else "")
            if others:
                line.append(f"{ratio(values, measured[first, quantity.name]):.2f}" if number else "")
            lines.append([*line, f"(wanted: {quantity.bound})" if quantity.bound else ""])
    return _aligned(lines)


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """Two columns of words, then numbers below each other; remarks stay as they are."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=False)]
    texts = []
    for line in lines:
        words = [text.ljust(width) for text, width in zip(line[:2], widths, strict=False)]
        numbers = [text.rjust(width) for text, width in zip(line[2:], widths[2:], strict=False)]
        texts.append("  " + "  ".join([*words, *numbers, *line[len(widths) :]]).rstrip())
    return "\n".join(texts)
