"""Two policies compared: which leads change their grade, and why; how the scores are distributed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.leads.score import Score

STEP = 10  # points per bar of the picture
WIDEST = 30  # characters of the longest bar


@dataclass(frozen=True, slots=True)
class Compared:
    """A lead scored by both policies."""

    name: str
    old: Score
    new: Score

    @property
    def moves(self) -> bool:
        """Whether the grade changes, or the lead becomes qualified or stops being it."""
        return (self.old.grade, self.old.qualified) != (self.new.grade, self.new.qualified)

    def distance(self) -> int:
        """How many points the score changes, up or down."""
        return abs(self.new.total - self.old.total)


def report(compared: Sequence[Compared], most: int) -> Iterator[str]:
    """The leads that move, at most `most`, the largest change of points first; then both distributions."""
    moved = sorted((lead for lead in compared if lead.moves), key=Compared.distance, reverse=True)
    yield f"{len(moved)} of {len(compared)} leads change their grade, or whether they are qualified."
    for lead in moved[:most]:
        yield f"  {lead.name:26} {_short(lead.old)} -> {_short(lead.new)}   {_why(lead)}"
    if len(moved) > most:
        yield f"  ... and {len(moved) - most} more (--show N)"
    yield ""
    yield from picture([lead.old.total for lead in compared], [lead.new.total for lead in compared])
    yield ""
    for label, scores in (("old", [lead.old for lead in compared]), ("new", [lead.new for lead in compared])):
        grades = Counter(score.grade[0] for score in scores)
        by_fit = ", ".join(f"{grade} {grades[grade]}" for grade in "ABCD")
        yield f"{label}: {sum(score.qualified for score in scores)} qualified; fit {by_fit}"


def picture(old: Sequence[int], new: Sequence[int]) -> Iterator[str]:
    """Both distributions side by side: a line for every ten points, the highest first."""
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


def _why(lead: Compared) -> str:
    """The three rules that make the largest difference, the largest first."""
    points = Counter({line.rule: line.points for line in lead.new.ledger})
    points.subtract({line.rule: line.points for line in lead.old.ledger})
    moved = sorted(((rule, more) for rule, more in points.items() if more), key=lambda each: -abs(each[1]))
    return ", ".join(f"{rule} {more:+}" for rule, more in moved[:3])
