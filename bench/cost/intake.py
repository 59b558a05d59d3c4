"""How fast pushes are answered, compared with a bare function that makes the same transaction and send."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.checkouts import Checkout
from bench.cost.pushes import bodies, push_all
from bench.cost.sample import write_sample
from bench.cost.stack import INTAKE_ALONE, Host, running_host, running_stack
from bench.figures import Measured, Quantity
from bench.processes import cpu_seconds, say

BARE_APP = Path(__file__).resolve().parent / "bare_app"
AT_ONCE = 16  # pushes under way when the rate is measured
PUSHES = 400  # a turn, for the rate
PUSHES_ALONE = 100  # a turn, one at a time, for the time of an answer
QUANTITIES = [
    Quantity("app", f"a second, {AT_ONCE} at once", peer="bare", bound="at least 0.90"),
    Quantity("bare", f"a second, {AT_ONCE} at once"),
    Quantity("app, CPU", "ms a push, host included", digits=2, peer="bare, CPU"),
    Quantity("bare, CPU", "ms a push, host included", digits=2),
    Quantity("app, p50", "ms, one at a time", digits=2, peer="bare, p50"),
    Quantity("bare, p50", "ms, one at a time", digits=2),
]


@dataclass(frozen=True, slots=True)
class Pair:
    """The app and the bare function, with the same table and bus."""

    checkout: Checkout
    app: Host
    bare: Host


def measure(checkouts: Sequence[Checkout], turns: int, folder: Path) -> Measured:
    """Rates and medians, on Azurite and the Service Bus emulator, with scoring and the clock off."""
    measured: Measured = {}
    leads = bodies()
    with contextlib.ExitStack() as stacks:
        pairs = [
            stacks.enter_context(_pair(checkout, folder / f"intake-{number}", leads))
            for number, checkout in enumerate(checkouts)
        ]
        for turn in range(1, turns + 1):
            say(f"intake: turn {turn} of {turns}")
            for pair in pairs:
                for name, host in (("app", pair.app), ("bare", pair.bare)):
                    for suffix, value in _figures(host, leads).items():
                        measured.setdefault((pair.checkout.name, f"{name}{suffix}"), []).append(value)
    return measured


def _figures(host: Host, leads: Iterator[bytes]) -> dict[str, float]:
    """One turn of one host, by the suffixes of its quantities' names."""
    before = cpu_seconds(host.pid)
    rate = push_all(host.push_url, leads, PUSHES, AT_ONCE).per_second
    cpu = (cpu_seconds(host.pid) - before) * 1000 / PUSHES
    return {"": rate, ", CPU": cpu, ", p50": push_all(host.push_url, leads, PUSHES_ALONE).median}


@contextlib.contextmanager
def _pair(checkout: Checkout, folder: Path, leads: Iterator[bytes]) -> Iterator[Pair]:
    say(f"intake: starting the stack of {checkout.name}")
    with (
        running_stack(checkout, folder, INTAKE_ALONE) as stack,
        running_host(stack, checkout.root, "app") as app,
    ):
        sample = folder / "sample.json"
        say(f"intake: {checkout.name} writes {write_sample(stack, app, leads, sample)} a push")
        with running_host(stack, BARE_APP, "bare", BENCH_SAMPLE=str(sample)) as bare:
            push_all(bare.push_url, leads, PUSHES, AT_ONCE)  # warms up
            push_all(app.push_url, leads, PUSHES, AT_ONCE)
            yield Pair(checkout, app, bare)
