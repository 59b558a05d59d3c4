"""The desk that the triggers find, over Azurite and the emulator."""

import uuid

import pytest

from shared import bootstrap


@pytest.fixture
async def wired(storage, bus, monkeypatch):
    """Wires a desk on a table of its own; again with other settings. Its context isn't checked yet."""
    settings = {
        "LEADS_STORAGE": storage,
        "LEADS_TABLE": f"t{uuid.uuid4().hex}",
        "LEADS_BUS": bus.connection_string,
        "LEADS_TOPIC": "leads",
        "LEADS_ACTIVITY_QUEUE": "activity",
        "LEADS_SPILL_QUEUE": "spill",
        "LEADS_SCORING_SUBSCRIPTION": "scoring",
        "LEADS_CLOCK_SCHEDULE": "0 * * * * *",
        "LEADS_ID_KEY": "a secret for tests only",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    desks = []

    def wire(**changes):
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        bootstrap.desk.cache_clear()
        desks.append(bootstrap.desk()._app)
        return desks[-1]

    yield wire
    for context in desks:
        for part in (
            getattr(context.lead_store, "_table", context.lead_store),
            context.publisher,
            context.activity,
            context.spill,
            context.unread,
        ):
            await part.close()
    bootstrap.desk.cache_clear()
