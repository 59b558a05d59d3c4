"""What a fresh process costs until its first push is answered, in the local functions host."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from bench.checkouts import Checkout
from bench.cost.intake import BARE_APP
from bench.cost.pushes import bodies, push_all
from bench.cost.sample import write_sample
from bench.cost.stack import INTAKE_ALONE, Stack, running_host, running_stack
from bench.figures import Measured, Quantity
from bench.processes import cpu_seconds, say

QUANTITIES = [
    Quantity("app, CPU", "ms", peer="bare, CPU"),
    Quantity("app, wall", "ms", peer="bare, wall"),
    Quantity("bare, CPU", "ms"),
    Quantity("bare, wall", "ms"),
]


def measure(checkouts: Sequence[Checkout], turns: int, folder: Path) -> Measured:
    """Milliseconds from the start of a host to the answer; they include the host's own start and import."""
    measured: Measured = {}
    with contextlib.ExitStack() as stacks:
        running_stacks = []
        for number, checkout in enumerate(checkouts):
            say(f"first answer: starting the stack of {checkout.name}")
            stack = stacks.enter_context(running_stack(checkout, folder / f"first-{number}", INTAKE_ALONE))
            with running_host(stack, checkout.root, "app") as app:
                write_sample(stack, app, bodies(), _sample_of(stack))
            running_stacks.append(stack)
        for turn in range(turns + 1):
            if turn:
                say(f"first answer: turn {turn} of {turns}")
            for stack in running_stacks:
                for name, app_root in (("app", stack.checkout.root), ("bare", BARE_APP)):
                    cpu, wall = _first_answer(stack, app_root, name)
                    if turn:  # turn 0 warms up
                        measured.setdefault((stack.checkout.name, f"{name}, CPU"), []).append(cpu)
                        measured.setdefault((stack.checkout.name, f"{name}, wall"), []).append(wall)
    return measured


def _first_answer(stack: Stack, app_root: Path, name: str) -> tuple[float, float]:
    with running_host(stack, app_root, name, BENCH_SAMPLE=str(_sample_of(stack))) as host:
        push_all(host.push_url, bodies(), 1)
        wall = time.perf_counter() - host.started_at
        return cpu_seconds(host.pid) * 1000, wall * 1000


def _sample_of(stack: Stack) -> Path:
    return stack.folder / "sample.json"
