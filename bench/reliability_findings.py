"""The results of the reliability bench, from which its page is written."""

from collections import Counter
from dataclasses import dataclass, field

from simulation.audit import Result
from simulation.fault_matrix import Case
from simulation.model import Explored
from simulation.ports import Fault


@dataclass
class Findings:
    """The results of one run."""

    command: str
    seed: int
    versions: dict[str, str]
    ours: Result = field(default_factory=Result)
    naive: Result = field(default_factory=Result)
    real: Result = field(default_factory=Result)
    model: list[Explored] = field(default_factory=list)
    all_cases: int = 0
    cases: Counter[tuple[str, Fault]] = field(default_factory=Counter)  # by scenario
    broken_cases: list[tuple[Case, list[str]]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_well(self) -> bool:
        """Nothing of ours is lost, doubled or wrong."""
        model = [problem for one in self.model for problem in one.broken]
        return not (self.ours.problems or self.real.problems or model or self.broken_cases)
