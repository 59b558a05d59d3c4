"""Two policies beside each other: whose grade moves, and why; how the scores lie."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.leads.score import Score

STEP = 10  # points a bar of the picture
WIDEST = 30  # characters of a bar


@dataclass(frozen=True, slots=True)
class Compared:
    """One lead by both policies."""

    name: str
    old: Score
    new: Score

    @property
    def moves(self) -> bool:
        """Another grade, or another side of the threshold."""
        return (self.old.grade, self.old.qualified) != (self.new.grade, self.new.qualified)

    def distance(self) -> int:
        """How many points it moves, up or down."""
        return abs(self.new.total - self.old.total)


def told(compared: Sequence[Compared], most: int) -> Iterator[str]:
    """The report: who moves, at most so many, the widest moves first; then the two distributions."""
    moved = sorted(
        (one for one in compared if one.moves), key=lambda one: -abs(one.new.total - one.old.total)
    )
    yield f"{len(moved)} of {len(compared)} leads get another grade, or another side of the threshold."
    for one in moved[:most]:
        yield f"  {one.name:26} {_short(one.old)} -> {_short(one.new)}   {_why(one)}"
    if len(moved) > most:
        yield f"  ... and {len(moved) - most} more (--show N)"
    yield ""
    yield from picture([one.old.total for one in compared], [one.new.total for one in compared])
    yield ""
    for label, scores in (("old", [one.old for one in compared]), ("new", [one.new for one in compared])):
        grades = Counter(score.grade[0] for score in scores)
        by_fit = ", ".join(f"{grade} {grades[grade]}" for grade in "ABCD")
        yield f"{label}: {sum(score.qualified for score in scores)} qualified; fit {by_fit}"


def picture(old: Sequence[int], new: Sequence[int]) -> Iterator[str]:
    """Both distributions side by side: a line for every ten points, the best on top."""
    columns = [Counter(min(total // STEP, 9) for total in totals) for totals in (old, new)]
    most = max((count for column in columns for count in column.values()), default=1)
    yield f"{'points':8} {'old':{WIDEST + 7}} new"
    for step in range(9, -1, -1):
        bars = [f"{_bar(column[step], most)} {column[step] or ''}".strip() for column in columns]
        last = 100 if step == 9 else step * STEP + STEP - 1
        yield f"{step * STEP:3}-{last:<4} {bars[0]:{WIDEST + 7}} {bars[1]}".rstrip()


def _bar(count: int, most: int) -> str:
    return "█" * -(-count * WIDEST // most)


def _short(score: Score) -> str:
    return f"{score.total:3} {score.grade}{' qualified' if score.qualified else ''}".ljust(16)


def _why(one: Compared) -> str:
    """The rules that make the difference, the greatest first."""
    points = Counter({line.rule: line.points for line in one.new.ledger})
    points.subtract({line.rule: line.points for line in one.old.ledger})
    moved = sorted(((rule, more) for rule, more in points.items() if more), key=lambda each: -abs(each[1]))
    return ", ".join(f"{rule} {more:+}" for rule, more in moved[:3])
