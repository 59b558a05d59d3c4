"""Faults below the SDKs, over Azurite and the emulator: a few cases of each kind, and a short witness."""

import gc
import random
import warnings
from collections import Counter

import pytest

from simulation.fault_matrix import cases, problems_of
from simulation.faulty_wire import FRAMES
from simulation.parts import real_parts
from simulation.ports import Fault
from simulation.wire_witness import wire_witness

NAMES = (
    "a push and its repeat",
    "bus trigger and clock",
    "a report twice",
    "a push that spills, and another",
    "an import and a push",
    "an erasure and a push",
)
CASES = 10
PUSHES = 20
# A link that is cut leaves its socket to the collector; the SDK's own connections, not ours.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
async def parts(storage, bus):
    async with real_parts(storage, bus) as found:
        yield found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
async def drawn(parts):
    every = await cases(parts, NAMES)
    chance = random.Random(7)
    of_bus = [case for case in every if case.boundary in FRAMES.values()]
    return chance.sample(of_bus, CASES // 2) + chance.sample(every, CASES // 2)


async def test_every_use_case_has_boundaries_to_table_and_bus_and_every_fault(parts):
    every = await cases(parts, NAMES[:1])
    assert {case.boundary for case in every} == {"POST Tables", "POST $batch", "event"}
    assert set(Counter(case.fault for case in every)) == set(Fault) - {Fault.DONE_LATER}


@pytest.mark.parametrize(
    ("name", "boundary"),
    [
        ("a push that spills, and its repeat", "message"),
        ("a call that is put off, and itself", "message"),
        ("an import and a push", "GET sourcecase"),
        ("an erasure and a push", "event"),
    ],
)
async def test_queues_and_the_publishers_table_are_boundaries_too(parts, name, boundary):
    assert boundary in {case.boundary for case in await cases(parts, [name])}


async def test_no_fault_below_the_sdks_breaks_a_rule(parts, drawn):
    broken = {str(case): problems for case in drawn if (problems := await problems_of(parts, case))}
    assert broken == {}


async def test_pushes_through_faulty_sdks_are_neither_lost_nor_doubled(parts):
    result = await wire_witness(parts, PUSHES, seed=3)
    assert result.problems == []
    assert (result.lost, result.duplicates, result.repeated_otherwise, result.unscored) == (0, 0, 0, 0)
    assert sum(result.faults.values()) > 0
