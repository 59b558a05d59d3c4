"""What a process checks against the table before its first use: the policy in force, and the id key."""

import asyncio
from copy import replace

import pytest

from shared.bootstrap import CHECK_AGAIN_AFTER, Desk
from shared.enrichment.identity import key_fingerprint, lead_id
from shared.policy.load import parse_policy
from shared.policy.scoring import version_of
from shared.services import startup
from shared.services.context import FaultCode, PolicySource
from shared.services.errors import NotConfigured, StoreUnavailable
from shared.services.import_leads import import_leads
from shared.services.receive import Intake, Result, identify
from shared.services.run_due import run_due
from shared.services.spill import receive_or_spill, receive_spilled
from shared.services.startup import ConfiguredPolicy
from tests.builders import a_context, a_push, another_instance
from tests.fakes.table import MemoryTable, ports_over
from tests.samples import ID_KEY, NOW

TEXT = '[offers."contoso.backup"]\ntitles = ["Backup"]\n'
OWN = parse_policy(TEXT)
WRONG = ConfiguredPolicy(mistakes=["`follow_up.target` must be a duration"])
OTHER_KEY = b"another key than that of the tests"


class Steady(MemoryTable):
    """A table whose rows about the app itself can't be read while it is away; counts the readings."""

    def __init__(self):
        super().__init__()
        self.failure, self.readings = None, 0

    async def find_policy(self):
        self.readings += 1
        if self.failure is not None:
            raise self.failure
        return await super().find_policy()


def a_desk(table, configured, **ports):
    """A new process over the table."""
    policy = configured.policy or parse_policy("")
    app = another_instance(a_context(**ports_over(table)))
    return Desk(replace(app, policy=policy, **ports), configured)


def right(text=TEXT):
    return ConfiguredPolicy(text, parse_policy(text))


# The policy


async def test_a_right_policy_is_kept_and_a_wrong_one_is_replaced_by_it():
    table = Steady()
    first = await a_desk(table, right()).context(NOW)
    assert (first.policy, first.policy_source) == (OWN, PolicySource.CONFIGURED)
    after = await a_desk(table, WRONG).context(NOW)
    assert (after.policy, after.policy_source) == (OWN, PolicySource.LAST_RIGHT)
    assert (
        identify(after, Intake(a_push(LeadSource="AppSource", OfferTitle="Backup"), NOW)).offer
        == "contoso.backup"
    )


async def test_a_wrong_policy_never_becomes_the_last_right_one():
    table = Steady()
    for configured in (right(), WRONG, WRONG):
        app = await a_desk(table, configured).context(NOW)
    assert (app.policy, await table.find_policy()) == (OWN, TEXT)


async def test_the_shipped_policy_is_in_force_if_none_was_ever_right():
    app = await a_desk(Steady(), WRONG).context(NOW)
    assert app.policy_source is PolicySource.SHIPPED
    assert version_of(app.policy.scoring) == version_of(parse_policy("").scoring)


@pytest.mark.parametrize("kept", ["[follow_up]\ntarget = 3\n", "= no TOML", "[of_a_later_version]\nx = 1\n"])
async def test_a_kept_policy_that_this_version_cant_read_is_passed_over_and_stays(kept):
    table = Steady()
    await table.upsert_policy(kept)
    app = await a_desk(table, WRONG).context(NOW)
    assert (app.policy_source, await table.find_policy()) == (PolicySource.SHIPPED, kept)


async def test_a_policy_too_large_for_a_row_is_used_and_not_kept(monkeypatch):
    monkeypatch.setattr(startup, "LARGEST_KEPT", len(TEXT) - 1)
    table = Steady()
    app = await a_desk(table, right()).context(NOW)
    assert (app.policy, await table.find_policy()) == (OWN, None)


# The id key


def test_a_fingerprint_tells_keys_apart_and_gives_no_id_away():
    assert key_fingerprint(ID_KEY) == key_fingerprint(ID_KEY) != key_fingerprint(OTHER_KEY)
    assert not set(key_fingerprint(ID_KEY)) - set("0123456789abcdef")
    assert ID_KEY.hex() not in key_fingerprint(ID_KEY)
    assert lead_id(a_push(), None, ID_KEY)[:16] not in key_fingerprint(ID_KEY)


async def test_another_key_than_the_tables_makes_no_id_until_the_first_is_back():
    table = Steady()
    assert (await a_desk(table, right()).context(NOW)).id_key == ID_KEY
    changed = await a_desk(table, right(), id_key=OTHER_KEY).context(NOW)
    with pytest.raises(NotConfigured):
        identify(changed, Intake(a_push(), NOW))
    assert [fault.code for fault in changed.faults] == [FaultCode.ID_KEY]
    assert (await a_desk(table, right()).context(NOW)).faults == ()


async def test_pushes_wait_for_the_right_key_and_are_then_one_lead_as_of_when_the_first_came():
    table = Steady()
    before = await receive_or_spill(await a_desk(table, right()).context(NOW), Intake(a_push(), NOW))
    changed = await a_desk(table, right(), id_key=OTHER_KEY).context(NOW)
    receipt = await receive_or_spill(changed, Intake(a_push(Description="again"), NOW))
    assert (receipt.lead_id, receipt.result) == (None, Result.QUEUED)
    (message,) = changed.spill.sent
    assert "subject" not in message.addressing
    with pytest.raises(NotConfigured):
        await receive_spilled(changed, message, NOW)
    again = await a_desk(table, right()).context(NOW)
    received = await receive_spilled(again, message, NOW)
    assert (received.lead_id, received.result) == (before.lead_id, Result.TOUCHED)
    assert len(await table.list_leads_of(before.lead_id[:16], 10)) == 1


async def test_the_clock_goes_on_without_an_id_key_and_the_import_waits():
    table = Steady()
    receipt = await receive_or_spill(await a_desk(table, right()).context(NOW), Intake(a_push(), NOW))
    changed = await a_desk(table, right(), id_key=OTHER_KEY, lead_import=object()).context(NOW)
    await run_due(changed, NOW + CHECK_AGAIN_AFTER)
    assert (await table.get(receipt.lead_id)).lead.score is not None
    assert await import_leads(changed, lambda: NOW) is None


# How often, and what if the table is away


async def test_the_table_is_asked_once_in_a_process():
    table = Steady()
    desk = a_desk(table, right())
    await asyncio.gather(*(desk.context(NOW) for _ in range(20)))
    await desk.context(NOW + 2 * CHECK_AGAIN_AFTER)
    assert table.readings == 1


@pytest.mark.parametrize(
    "failure",
    [StoreUnavailable("away"), TimeoutError(), ZeroDivisionError()],
    ids=lambda one: type(one).__name__,
)
async def test_while_the_table_cant_be_read_intake_goes_on_and_asks_again_after_some_seconds(failure):
    table = Steady()
    table.failure = failure
    desk = a_desk(table, right())
    for _ in range(5):
        app = await desk.context(NOW)
        assert (app.policy, app.id_key, app.faults) == (OWN, ID_KEY, ())
    assert table.readings == 1
    table.failure = None
    await desk.context(NOW + CHECK_AGAIN_AFTER)
    assert (table.readings, await table.find_policy()) == (2, TEXT)


async def test_a_wrong_policy_and_a_table_that_cant_be_read_keep_pushes_in_the_queue():
    """Which policy is in force decides about the ids of offers: by another one a push makes a second lead."""
    table = Steady()
    await table.upsert_policy(TEXT)
    table.failure = StoreUnavailable("away")
    desk = a_desk(table, WRONG)
    app = await desk.context(NOW)
    assert (await receive_or_spill(app, Intake(a_push(), NOW))).result is Result.QUEUED
    with pytest.raises(StoreUnavailable):
        await run_due(app, NOW)
    table.failure = None
    later = await desk.context(NOW + CHECK_AGAIN_AFTER)
    assert (later.policy_source, later.lead_store) == (PolicySource.LAST_RIGHT, table)


async def test_a_check_that_hangs_is_cut_short(monkeypatch):
    class Hanging(MemoryTable):
        async def find_policy(self):
            await asyncio.Event().wait()

    monkeypatch.setattr("shared.bootstrap.STARTUP_CHECK_TIMEOUT", 0.01)
    app = await a_desk(Hanging(), right()).context(NOW)
    assert (app.policy, app.id_key) == (OWN, ID_KEY)
