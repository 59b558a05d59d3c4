"""Taking leads over: every row once, whatever fails in between."""

import pytest

from shared.leads.events import EventType
from shared.services.context import LeadImport
from shared.services.errors import StoreUnavailable
from shared.services.run_due import run_due
from tests.builders import a_context
from tests.fakes.messaging import MemoryPublisher
from tests.fakes.table import MemoryTable
from tests.samples import NOW, YEAR, a_row
from tests.services.imports import (
    HOUR,
    MINUTE,
    an_importing_context,
    import_state,
    import_step,
    imported_lead,
    imported_leads,
)


class Fate:
    """Kills the process at one of its writes: from then on nothing works until it is started again."""

    def __init__(self, dies_at, *, is_done):
        self.dies_at, self.is_done, self.writes, self.is_dead = dies_at, is_done, 0, False

    async def meets(self, write):
        self.writes += 1
        if self.is_dead or (self.writes == self.dies_at and not self.is_done):
            self.is_dead = True
            write.close()
            raise StoreUnavailable("dead")
        answer = await write
        if self.writes == self.dies_at:
            self.is_dead = True
            raise StoreUnavailable("dead")
        return answer


class Mortal:
    """A store, a ledger or a publisher whose every call goes through fate once it writes."""

    def __init__(self, inner, fate):
        self.inner, self.fate = inner, fate

    def __getattr__(self, name):
        call = getattr(self.inner, name)
        if name in {"create", "replace", "save_state", "upsert_refused", "delete_refused", "publish"}:
            return lambda *args, **kwargs: self.fate.meets(call(*args, **kwargs))

        async def read(*args, **kwargs):
            if self.fate.is_dead:
                raise StoreUnavailable("dead")
            return await call(*args, **kwargs)

        return read


def a_small_import():
    people = ["ada", "bob", "ada", "ada", "eva", "bob"]
    rows = [
        a_row(number, NOW - number * YEAR / 3, customer={"Email": f"{name}@contoso.example"})
        for number, name in enumerate(people)
    ]
    return [*rows, a_row(90, customer="{")]


@pytest.mark.parametrize("is_done", [False, True], ids=["before the write", "after it"])
async def test_a_run_killed_at_any_write_leaves_each_lead_once_and_no_event_lost(is_done):
    for dies_at in range(1, 40):
        whole = an_importing_context(*a_small_import())
        fate = Fate(dies_at, is_done=is_done)
        inner = whole.lead_store, whole.lead_import.ledger, whole.publisher
        store, ledger, publisher = (Mortal(one, fate) for one in inner)
        dying = a_context(
            table=store, publisher=publisher, lead_import=LeadImport(whole.lead_import.table, ledger)
        )
        try:
            await import_step(dying)
        except StoreUnavailable:
            assert fate.is_dead
        for minutes in range(2):
            await import_step(whole, NOW + minutes * MINUTE)
        found = await imported_leads(whole)
        assert sorted(one.touches for one in found) == [1, 2, 3]
        assert ((await import_state(whole)).taken, len(await whole.lead_import.ledger.list_refused(9))) == (
            6,
            1,
        )
        written = set()
        for one in found:
            events = await whole.lead_store.list_events(one.id)
            assert [event.number for event in events] == list(range(1, one.touches + 1))
            written |= {event.id for event in events}
        await run_due(whole, NOW + HOUR)
        told = {event.id for event in whole.publisher.published}
        assert written <= told
    assert not fate.is_dead


async def test_an_answer_that_is_lost_is_read_back_and_done_once():
    class Forgetful(MemoryTable):
        writes = 0

        async def create(self, change):
            return await self.forgets(super().create(change))

        async def replace(self, read, change):
            return await self.forgets(super().replace(read, change))

        async def forgets(self, write):
            answer = await write
            self.writes += 1
            if self.writes % 2:
                raise StoreUnavailable("the answer is lost")
            return answer

    context = an_importing_context(*a_small_import(), table=Forgetful())
    counts = await import_step(context)
    assert (counts.taken, counts.refused) == (6, 1)
    assert sorted(one.touches for one in await imported_leads(context)) == [1, 2, 3]
    assert len(context.publisher.published) == 6


async def test_a_lead_that_was_erased_is_not_brought_back_by_the_overlap():
    context = an_importing_context(a_row(1, NOW))
    await import_step(context)
    one = await imported_lead(context)
    for key in [key for key in context.lead_store.rows if one.id in key[1]]:
        del context.lead_store.rows[key]
    context.lead_store._etags.clear()
    fresh = an_importing_context(
        table=context.lead_store,
        lead_import=LeadImport(context.lead_import.table, context.lead_import.ledger),
    )
    counts = await import_step(fresh, NOW + MINUTE)
    assert (counts.known, await imported_leads(context)) == (1, [])


async def test_a_bus_that_is_down_delays_events_not_the_import():
    context = an_importing_context(
        *(a_row(number) for number in range(5)), publisher=MemoryPublisher(is_down=True)
    )
    assert (await import_step(context)).taken == 5
    context.publisher.is_down = False
    await run_due(context, NOW + MINUTE)
    assert [e.type for e in context.publisher.published].count(EventType.RECEIVED) == 5
