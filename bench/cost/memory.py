"""The memory of the app's process when it is ready, and after leads were pushed and scored."""

import time
from collections.abc import Sequence
from pathlib import Path

from azure.servicebus import ServiceBusClient

from bench.checkouts import Checkout
from bench.cost.pushes import bodies, push_all
from bench.cost.sample import EVERYTHING, MESSAGES_AT_ONCE
from bench.cost.stack import TOPIC, Stack, running_stack
from bench.figures import Measured, Quantity
from bench.processes import BenchFailed, resident_megabytes, say

LEADS = 1000
AT_ONCE = 8
SCORED_TIMEOUT = 180.0  # seconds
TYPE, SUBJECT = b"cloudEvents_type", b"cloudEvents_subject"
AFTER = f"after {LEADS:,} scored leads"
QUANTITIES = [Quantity("when ready", "MB", digits=1), Quantity(AFTER, "MB", digits=1)]


def measure(checkouts: Sequence[Checkout], turns: int, folder: Path) -> Measured:
    """Resident megabytes of the process that runs host and app; each turn starts a new stack."""
    measured: Measured = {}
    for turn in range(1, turns + 1):
        for number, checkout in enumerate(checkouts):
            say(f"memory: turn {turn} of {turns}, {checkout.name}")
            with running_stack(checkout, folder / f"memory-{turn}-{number}", {}) as stack:
                ready = resident_megabytes(stack.app_pid)
                push_all(stack.push_url, bodies(), LEADS, AT_ONCE)
                _wait_until_scored(stack, LEADS)
                measured.setdefault((checkout.name, "when ready"), []).append(ready)
                measured.setdefault((checkout.name, AFTER), []).append(resident_megabytes(stack.app_pid))
    return measured


def _wait_until_scored(stack: Stack, count: int) -> None:
    """Wait for the events on a subscription: requests to the app would change its memory."""
    scored: set[object] = set()
    deadline = time.monotonic() + SCORED_TIMEOUT
    with (
        ServiceBusClient.from_connection_string(stack.bus) as client,
        client.get_subscription_receiver(TOPIC, EVERYTHING, receive_mode="receiveanddelete") as receiver,
    ):
        while len(scored) < count:
            if time.monotonic() > deadline:
                raise BenchFailed(f"{len(scored)} of {count} leads were scored in {SCORED_TIMEOUT:.0f} s.")
            for message in receiver.receive_messages(MESSAGES_AT_ONCE, max_wait_time=5):
                properties = message.application_properties or {}
                if properties.get(TYPE) == b"lead.scored":
                    scored.add(properties.get(SUBJECT))
