"""Inject faults into the desk, count the leads it lost, and write docs/reliability.md."""

import argparse
import asyncio
import contextlib
import itertools
import logging
import random
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bench.reliability_findings import Findings
from bench.reliability_page import page
from local import azurite, toolchain
from local.emulators.servicebus.emulator import Emulator
from simulation.audit import Result
from simulation.fault_matrix import Case, cases, problems_of
from simulation.model import Explored, explore
from simulation.parts import RealParts, real_parts
from simulation.scenarios import SCENARIOS
from simulation.wire_witness import wire_witness
from simulation.witness import a_round, rounds_of

CONFIG = toolchain.ROOT / "local" / "emulators" / "servicebus" / "Config.json"
PAGE = toolchain.ROOT / "docs" / "reliability.md"
WORKERS = 2
LANES = 2  # of the matrix, for a case mostly waits
CASES_A_LINE = 50  # of progress
ALL_PATHS = 10**9
TWO_FAULTS = ("a push and its repeat", "two pushes of one person")  # the others have too many paths


def add_options(group: "argparse._ArgumentGroup") -> None:
    """Add the options of this bench."""
    group.add_argument("--seed", type=int, default=1, help="of all chance (1)")
    group.add_argument("--pushes", type=int, default=100_000, help="of the witness in memory (100,000)")
    group.add_argument(
        "--real-pushes", type=int, default=2_000, help="of the witness over real parts (2,000)"
    )
    group.add_argument("--cases", type=int, default=0, help="of the matrix, drawn by the seed (0: all)")
    group.add_argument(
        "--paths", type=int, default=100_000, help="of one scenario of the model with faults (100,000)"
    )


def run(options: argparse.Namespace) -> None:
    """Run everything and write the page; fails if a lead was lost or a rule broken."""
    logging.disable(logging.CRITICAL)  # a million warnings about faults of our own making
    began = time.perf_counter()
    findings = Findings(_command(options), options.seed, _versions())
    say = Progress(began)
    with ProcessPoolExecutor(WORKERS) as pool:
        rounds = {
            naive: [
                pool.submit(a_round, number, count, options.seed, naive=naive)
                for number, count in enumerate(rounds_of(options.pushes))
            ]
            for naive in (False, True)
        }
        of_model = [pool.submit(_explored, name, faults, options.paths) for name, faults in _searches()]
        say.each("witness in memory", rounds[False])
        say.each("naive handler", rounds[True])
        say.each("model", of_model)
        asyncio.run(_on_real_parts(findings, options, say))
        findings.naive, findings.ours = (_added(rounds[naive]) for naive in (True, False))
        findings.model = [search.result() for search in of_model]
    findings.seconds = time.perf_counter() - began
    PAGE.write_text(page(findings))
    print(PAGE.read_text())
    if not findings.is_well:
        raise SystemExit("A rule was broken: see the page.")


@dataclass(frozen=True)
class Progress:
    """Reports on stderr how far each part is."""

    began: float  # seconds of the performance counter

    def say(self, what: str, done: int, of: int, more: str = "") -> None:
        """Print one line."""
        minutes = (time.perf_counter() - self.began) / 60
        print(f"{minutes:5.1f} min  {what}: {done:,} of {of:,}{more}", file=sys.stderr, flush=True)

    def each(self, what: str, work: Sequence[Future[Any]]) -> None:
        """Print a line whenever a piece of work is done."""
        done = itertools.count(1)
        for future in work:
            future.add_done_callback(lambda _: self.say(what, next(done), len(work)))


def _command(options: argparse.Namespace) -> str:
    amounts = (("--seed", options.seed), ("--pushes", options.pushes), ("--real-pushes", options.real_pushes))
    bounds = (("--cases", options.cases), ("--paths", options.paths))
    return "python3 dev.py bench reliability " + " ".join(
        f"{name} {value}" for name, value in (*amounts, *bounds)
    )


def _versions() -> dict[str, str]:
    packages = ("azure-data-tables", "azure-servicebus", "azure-core")
    python = ".".join(map(str, sys.version_info[:3]))
    return {"Python": python, **{name: version(name) for name in packages}, "Azurite": toolchain.AZURITE}


def _searches() -> list[tuple[str, int]]:
    return [(name, faults) for faults in (2, 1, 0) for name in SCENARIOS if faults < 2 or name in TWO_FAULTS]


def _explored(name: str, faults: int, paths: int) -> Explored:
    logging.disable(logging.CRITICAL)
    return explore(SCENARIOS[name], faults, paths if faults else ALL_PATHS)


def _added(rounds: Sequence[Future[Result]]) -> Result:
    logging.disable(logging.CRITICAL)
    total = Result()
    for future in rounds:
        total += future.result()
    return total


async def _on_real_parts(findings: Findings, options: argparse.Namespace, say: Progress) -> None:
    async with contextlib.AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(_lane()) for _ in range(LANES)]
        findings.real = await wire_witness(lanes[0], options.real_pushes, options.seed)
        say.say("witness over real parts", options.real_pushes, options.real_pushes)
        every = await cases(lanes[0], list(SCENARIOS))
        findings.all_cases = len(every)
        drawn = random.Random(options.seed).sample(every, options.cases) if options.cases else every
        left = iter(drawn)
        await asyncio.gather(*(_matrix(findings, parts, left, len(drawn), say) for parts in lanes))


@contextlib.asynccontextmanager
async def _lane() -> AsyncIterator[RealParts]:
    """A table service and a bus for one case at a time."""
    port = _free_port()
    part = azurite.azurite(port, None)
    await part.start()
    try:
        with Emulator(CONFIG) as bus:
            async with real_parts(azurite.connection_string(port), bus) as parts:
                yield parts
    finally:
        await part.stop()


async def _matrix(findings: Findings, parts: RealParts, left: Iterator[Case], of: int, say: Progress) -> None:
    """Take cases until none is left."""
    for case in left:
        problems = await problems_of(parts, case)
        findings.cases[case.scenario, case.fault] += 1
        if problems:
            findings.broken_cases.append((case, problems))
        done = findings.cases.total()
        if done % CASES_A_LINE == 0 or done == of:
            say.say("matrix", done, of, f", {len(findings.broken_cases)} broken")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
