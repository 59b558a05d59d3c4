"""Many pushes through processes that fail and die by chance, with the outcome counted."""

import contextlib
import random
import time

from simulation.audit import Result
from simulation.baseline import BaselineSimulation
from simulation.simulation import Simulation
from simulation.virtual_time import VirtualLoop

ROUND = 5_000  # pushes; each round begins with an empty desk


def witness(pushes: int, seed: int, *, naive: bool = False) -> Result:
    """Run so many pushes, in rounds; the same seed gives the same result."""
    total = Result()
    for number, count in enumerate(rounds_of(pushes)):
        total += a_round(number, count, seed, naive=naive)
    return total


def rounds_of(pushes: int) -> list[int]:
    """How many pushes come in each round."""
    return [min(ROUND, pushes - begin) for begin in range(0, pushes, ROUND)]


def a_round(number: int, pushes: int, seed: int, *, naive: bool = False) -> Result:
    """Run one round, from an empty desk to the end."""
    began, chance = time.perf_counter(), random.Random(f"{seed}/{number}")
    simulation = BaselineSimulation(chance, pushes) if naive else Simulation(chance, pushes)
    with contextlib.closing(VirtualLoop()) as loop:
        result = loop.run(simulation.live())
    result.seconds = time.perf_counter() - began
    return result
