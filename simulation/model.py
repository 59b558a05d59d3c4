"""Every interleaving of two actors, with every fault at every call: a small model, searched depth-first."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from shared.services.ports import DeskState, DueIndex, EventPublisher, MessageQueue
from simulation.environment import Act, Environment
from simulation.ports import HAPPENS, KILLS, REFUSALS, Call, Fault, Gate
from simulation.scenarios import Scenario
from simulation.virtual_time import VirtualLoop


def _names(*calls: Callable[..., object]) -> frozenset[str]:
    return frozenset(call.__name__ for call in calls)


# Named by the ports themselves, so that a call with a new name can't be forgotten here.
ASIDE = _names(  # they touch no lead: no choice is made at them
    DueIndex.list_scored_by_other_rules, DeskState.upsert_rules, DeskState.record_clock_run
)
SENDS = _names(EventPublisher.publish, MessageQueue.send, MessageQueue.send_at, MessageQueue.dead_letter)
# Time-outs differ from failures in nothing but time, which no order of calls can show.
# A write whose answer is lost may take effect at any later moment, also at once.
OF_WRITES = (Fault.FAILS_BEFORE, Fault.DONE_LATER, Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
OF_SENDS = (Fault.FAILS_BEFORE, Fault.ANSWER_LOST, Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
OF_READS = (Fault.FAILS_BEFORE,)  # dying at a read is dying before the next write, or after the last


async def _nothing() -> None:
    """Call no port: an actor's first step is a choice of its own."""


BEGIN = Call("begin", _nothing, Exception)


@dataclass(eq=False)
class Waiting:
    """A call that waits at the gate."""

    actor: int  # -1: a request that outlived its caller's time-out
    call: Call
    answer: asyncio.Future[Any] | None
    step: int = 0  # of a request that outlived its caller: the step of the path at which it was made

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that this call may meet."""
        if self.answer is None or self.call is BEGIN:
            return ()
        if self.is_send:
            return OF_SENDS
        return OF_WRITES if self.call.writes else OF_READS

    @property
    def is_send(self) -> bool:
        """Sends and other calls don't touch each other: their order makes no difference."""
        return self.call.name in SENDS


@dataclass
class Choices:
    """A path through the model: each choice and of how many; the search continues from the last choice."""

    path: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """The next choice is the first of its kind: the path that is repeated ends here."""
        return len(self.counts) >= len(self.path)

    def choose(self, count: int) -> int:
        """The next choice, from 0."""
        if self.is_new:
            self.path.append(0)
        self.counts.append(count)
        return self.path[len(self.counts) - 1]

    def following(self) -> "Choices | None":
        """The next path in order; None if this was the last."""
        path = self.path[: len(self.counts)]
        while path and path[-1] + 1 == self.counts[len(path) - 1]:
            path.pop()
        return Choices([*path[:-1], path[-1] + 1]) if path else None


@dataclass
class Run:
    """One path: the actors proceed one call at a time, as chosen."""

    environment: Environment
    choices: Choices
    seen: set[bytes]
    faults_left: int
    waiting: list[Waiting] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    answers: dict[int, bytes] = field(default_factory=lambda: {0: b"", 1: b""})
    trace: list[str] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    is_known: bool = False  # the state was searched before: the path ends here

    def gate(self, actor: int) -> Any:
        """The gate of an actor. Calls of a dead actor wait for ever."""

        async def pass_(call: Call) -> Any:
            if call.name in ASIDE:
                return await call.do()
            answer = asyncio.get_running_loop().create_future()
            if actor not in self.dead:
                self.waiting.append(Waiting(actor, call, answer))
            return await answer

        return pass_

    def go_on(self) -> bool:
        """Let one waiting call happen or fail; return False once none is left."""
        if self.quiet.is_set():
            return False
        if self._was_here() or not self.waiting:
            self.quiet.set()
            return True
        self.waiting.sort(key=lambda waiting: waiting.actor)
        candidates = [waiting for waiting in self.waiting if waiting.is_send][:1] or self.waiting
        options = [(waiting, fate) for waiting in candidates for fate in (None, *self._faults(waiting))]
        self._carry_out(*options[self.choices.choose(len(options))])
        return True

    def _faults(self, waiting: Waiting) -> tuple[Fault, ...]:
        return waiting.faults if self.faults_left else ()

    def _was_here(self) -> bool:
        """Whether another path reached this state. An actor's answers determine it, so states compare."""
        if self.choices.is_new:
            state = self._state()
            self.is_known = state in self.seen
            self.seen.add(state)
        return self.is_known

    def _state(self) -> bytes:
        late = sorted(
            f"{waiting.call.name} {waiting.step}" for waiting in self.waiting if waiting.answer is None
        )
        actors = [self._actor(number) for number in self.answers]
        parts = (actors, late, self.faults_left, *self.environment.content())
        return hashlib.blake2b(_json(parts), digest_size=16).digest()

    def _actor(self, number: int) -> bytes:
        """An actor's state: dead, failed, done, or the answers it got so far."""
        if number in self.dead:
            return b"dead"
        task = self.tasks[number]
        if task.done():
            return b"failed" if task.exception() else b"done"
        return self.answers[number]

    def _carry_out(self, waiting: Waiting, fate: Fault | None) -> None:
        self.waiting.remove(waiting)
        self.trace.append(f"{waiting.actor}: {waiting.call.name}" + (f": {fate}" if fate else ""))
        outcome = _done(waiting.call) if fate is None or fate in HAPPENS else None
        if fate is not None:
            self.faults_left -= 1
            outcome = waiting.call.failure(fate)
        if fate is Fault.DONE_LATER:
            self.waiting.append(Waiting(-1, waiting.call, None, len(self.trace)))
        if fate in KILLS:
            self.dead.add(waiting.actor)
            self.waiting = [other for other in self.waiting if other.actor != waiting.actor]
        elif waiting.answer is not None:
            self._answer(waiting, waiting.answer, outcome)

    def _answer(self, waiting: Waiting, answer: asyncio.Future[Any], outcome: Any) -> None:
        if isinstance(outcome, BaseException):
            answer.set_exception(outcome)
            received = f"{waiting.call.name} {outcome!r}".encode()
        else:
            answer.set_result(outcome)
            received = waiting.call.name.encode() + _json(outcome)
        digest = hashlib.blake2b(self.answers[waiting.actor] + received, digest_size=16)
        self.answers[waiting.actor] = digest.hexdigest().encode()


def _done(call: Call) -> Any:
    """Carry out the call at once: no call in memory waits."""
    try:
        call.do().__await__().send(None)
    except StopIteration as done:
        return done.value
    except REFUSALS as refusal:
        return refusal
    raise AssertionError(f"{call.name} waits in memory")


@dataclass
class Explored:
    """The result of a search."""

    scenario: str
    paths: int = 0  # to their end, each with its own verdict
    cut_short: int = 0  # paths that reached a state searched before
    states: int = 0
    depth: int = 0  # choices on the longest path
    faults: int = 0  # at most so many on a path
    is_whole: bool = True  # false: the bound on paths ended it
    broken: list[tuple[list[str], list[str]]] = field(default_factory=list)  # what was done, what is wrong


def explore(scenario: Scenario, faults: int, most_paths: int = 10**9) -> Explored:
    """Search all paths with at most so many faults; the first ten that break a rule are kept."""
    explored, seen = Explored(scenario.name, faults=faults), set[bytes]()
    with contextlib.closing(VirtualLoop()) as loop:
        start = loop.run(_begun(scenario))
    choices: Choices | None = Choices()
    while choices is not None and explored.paths + explored.cut_short < most_paths:
        run = Run(start.copy(), choices, seen, faults)
        problems = _walk(scenario, run)
        explored.depth = max(explored.depth, len(choices.counts))
        explored.cut_short += run.is_known
        explored.paths += not run.is_known
        if problems and len(explored.broken) < 10:
            explored.broken.append((run.trace, problems))
        choices = choices.following()
    explored.states, explored.is_whole = len(seen), choices is None
    return explored


def _walk(scenario: Scenario, run: Run) -> list[str]:
    with contextlib.closing(VirtualLoop()) as loop:
        return loop.run(_lived(scenario, run, loop))


async def _begun(scenario: Scenario) -> Environment:
    environment = Environment(at=scenario.at)
    await scenario.before(environment, environment.process("before"))
    return environment


async def _lived(scenario: Scenario, run: Run, loop: VirtualLoop) -> list[str]:
    environment, loop.on_idle = run.environment, run.go_on
    run.tasks = [
        asyncio.create_task(_in_turn(act, environment, f"actor {number}", run.gate(number)))
        for number, act in enumerate(scenario.actors)
    ]
    await run.quiet.wait()
    loop.on_idle = lambda: False
    if run.is_known:
        return []
    for act, task in zip(scenario.actors, run.tasks, strict=True):
        if task.done() and task.exception() is None:
            continue
        if scenario.is_redelivered:
            await act(environment, environment.process("again"))
    await environment.settle()
    return await environment.problems(scores=False)


async def _in_turn(act: Act, environment: Environment, name: str, gate: Gate) -> None:
    """Act once the search chooses to begin, as it chooses every call."""
    await gate(BEGIN)
    await act(environment, environment.process(name, gate))


def _json(value: Any) -> bytes:
    """Equal text for equal values of any type."""
    return to_json(value, fallback=repr)
