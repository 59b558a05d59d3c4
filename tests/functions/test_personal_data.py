"""Canaries through every trigger, with every logger at DEBUG: none sings where others listen."""

import asyncio
import json
import logging
import traceback
from urllib.parse import parse_qsl, unquote, urlsplit

import azure.functions as func
import pytest
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableClient
from azure.functions.timer import TimerRequest

from local.azurite import KEY
from shared.messaging import publisher
from shared.services import redelivery
from shared.storage.client import table_client
from tests.conftest import free_port
from tests.functions.triggers import TRIGGERS, scoring_message
from tests.functions.triggers import activity_message as activity
from tests.pii_markers import (
    ACTIVITIES,
    CAMPAIGN,
    EMAIL,
    FOLLOW_UP,
    INTERACTION,
    NOTE,
    PERSON,
    REFUSED,
    UPDATE,
    WORD,
    a_marked_push,
    markers_in,
)
from tests.samples import a_row

BUS_KEY = "SAS_KEY_VALUE"
AWAY = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:{}/a;"
NO_BUS = f"Endpoint=sb://localhost:{{}};SharedAccessKeyName={WORD};SharedAccessKey={WORD};UseDevelopmentEmulator=true;"


def by_route():
    """Names of HTTP functions by method and route."""
    found = {}
    for name, function in TRIGGERS.items():
        for binding in function.get_bindings():
            said = binding.get_dict_repr()
            for method in said.get("methods") or ():
                found[str(method).rpartition(".")[2].upper(), said["route"]] = name
    return found


ROUTES = by_route()


def request_of(method, path, body, lead_id):
    """The function that a path leads to, and the request as the platform hands it over."""
    parts = urlsplit(path.format(id=lead_id))
    given = parts.path.split("/")
    for (of_method, route), name in ROUTES.items():
        names = route.replace("/{offer?}", "").split("/")
        if of_method == method and len(names) == len(given):
            pairs = list(zip(names, given, strict=True))
            if all(one in (other, "{id}") for one, other in pairs):
                values = {one.strip("{}"): other for one, other in pairs if one == "{id}"}
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                params = dict(parse_qsl(parts.query))
                return name, func.HttpRequest(
                    method=method, url=f"/api/{path}", body=data, route_params=values, params=params
                )
    raise LookupError(path)


async def called(method, path, body=b"", lead_id="a" * 24):
    name, request = request_of(method, path, body, lead_id)
    return await TRIGGERS[name].get_user_function()(request)


class Everything(logging.Handler):
    """Keeps every record as it would be written, with its traceback."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def logged(caplog):
    """What all loggers say at DEBUG; `shout` also turns those up that bootstrap turned down."""
    handler, root = Everything(), logging.getLogger()
    before = {
        name: one.level for name, one in root.manager.loggerDict.items() if isinstance(one, logging.Logger)
    }
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)

    def shout():
        for one in root.manager.loggerDict.values():
            if isinstance(one, logging.Logger):
                one.setLevel(logging.DEBUG)

    handler.shout = shout
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    for name, one in root.manager.loggerDict.items():
        if isinstance(one, logging.Logger):
            one.setLevel(before.get(name, logging.NOTSET))


@pytest.fixture
def urls(monkeypatch):
    """Every URL that the store is asked."""
    asked, send = [], AioHttpTransport.send

    async def noted(self, request, **options):
        asked.append(unquote(request.url))
        return await send(self, request, **options)

    monkeypatch.setattr(AioHttpTransport, "send", noted)
    return asked


@pytest.fixture
def wired(wired, monkeypatch):
    """Here the id key is a canary too."""
    monkeypatch.setenv("LEADS_ID_KEY", f"{WORD}, the id key of these tests")
    return wired


async def rows_of(storage, table):
    async with TableClient.from_connection_string(storage, table) as client:
        return [row async for row in client.list_entities()]


async def everything(lead_id):
    """Every route and trigger with a lead of the person; the bodies of all problems."""
    for method, path, body in (
        ("GET", "leads", b""),
        ("GET", "leads?status=new&overdue=false", b""),
        ("GET", "leads/{id}", b""),
        ("GET", "leads/{id}/events", b""),
        ("PATCH", "leads/{id}", UPDATE),
        ("POST", "leads/{id}/interactions", INTERACTION),
        ("POST", "interactions", {**INTERACTION, **EMAIL}),
        ("POST", "leads/{id}/follow-ups", FOLLOW_UP),
        ("POST", "scoring/preview", {"push": a_marked_push()}),
        ("GET", "stats", b""),
        ("GET", "health/ready", b""),
    ):
        answer = await called(method, path, body, lead_id)
        assert answer.status_code == 200, path
    problems = [await called(*refused, lead_id) for refused in REFUSED]
    assert {answer.status_code for answer in problems} == {400, 404, 413}
    for number, body in enumerate(ACTIVITIES):
        await TRIGGERS["take_activity"].get_user_function()(activity(body, MessageId=f"{WORD}-{number}"))
    await TRIGGERS["score_lead"].get_user_function()(scoring_message(lead_id))
    await TRIGGERS["clock"].get_user_function()(TimerRequest(past_due=False))
    with pytest.raises(ValueError, match="no event id") as failure:
        await TRIGGERS["score_lead"].get_user_function()(scoring_message(WORD, WORD))
    return [answer.get_body().decode() for answer in problems] + [str(failure.value)]


async def pushed(**changes):
    answer = await called("POST", "marketplace/leads", a_marked_push(**changes))
    return answer.status_code, json.loads(answer.get_body()).get("leadId"), answer.get_body().decode()


def expect_silence(logged, urls, shown):
    """No canary in any of them, and no key of ours."""
    said = "\n".join(logged.lines)
    assert markers_in("\n".join(urls)) == []
    assert markers_in("\n".join(shown)) == []
    assert markers_in(said) == []
    assert KEY not in said
    assert BUS_KEY not in said


async def test_no_canary_is_in_logs_row_keys_urls_or_problems(wired, storage, urls, logged):
    context = wired()
    logged.shout()
    _, lead_id, _ = await pushed()
    for changes in ({}, {"ActionCode": "PLT", "Description": CAMPAIGN}, {"Email": "", "LeadSource": WORD}):
        assert (await pushed(**changes))[0] == 202
    shown = await everything(lead_id)
    rows = await rows_of(storage, context.lead_store._table._client.table_name)
    keys = "\n".join(f"{row['PartitionKey']} {row['RowKey']}" for row in rows)
    assert len(rows) > 20
    assert markers_in(keys) == []
    erased = await called("POST", "erasure", EMAIL)
    assert json.loads(erased.get_body())["leads"] == 1
    expect_silence(logged, urls, [*shown, erased.get_body().decode()])
    speakers = {line.split()[0] for line in logged.lines}
    for package in ("shared.", "functions.", "azure.core.", "azure.servicebus."):
        assert any(speaker.startswith(package) for speaker in speakers), f"{package} said nothing"


async def test_what_a_caller_filters_a_list_by_is_in_the_url_of_the_store_and_nowhere_else(
    wired, urls, logged
):
    """The one exception: the store's own access logs, if somebody turns them on, see filters of lists."""
    wired()
    logged.shout()
    answer = await called("GET", f"leads?owner={WORD}")
    assert answer.status_code == 200
    assert markers_in("\n".join(urls))
    expect_silence(logged, [], [answer.get_body().decode()])


async def test_no_canary_of_an_import_is_in_logs_row_keys_or_urls(
    wired, storage, marketplace_storage, urls, logged
):
    context = wired(MARKETPLACE_TABLE_STORAGE=marketplace_storage)
    async with table_client(marketplace_storage, "MarketplaceLeads", by_identity=False) as theirs:
        await theirs.create_table()
        for row in (a_row(1, customer=PERSON), a_row(2, customer=f"{{{WORD}"), a_row(3, Description=NOTE)):
            await theirs.create_entity({"PartitionKey": row.partition, "RowKey": row.row, **row.columns})
    urls.clear()
    logged.shout()
    for _ in range(2):
        await TRIGGERS["take_over_leads"].get_user_function()(TimerRequest())
    rows = await rows_of(storage, context.lead_store._table._client.table_name)
    assert any(row["RowKey"].startswith("lead!") for row in rows)
    assert markers_in("\n".join(f"{row['PartitionKey']} {row['RowKey']}" for row in rows)) == []
    expect_silence(logged, urls, [])
    for part in (context.lead_import.table, context.lead_import.ledger._table):
        await part.close()


async def outcome_of(work):
    """What a trigger says or raises, as the platform would log it."""
    (outcome,) = await asyncio.gather(work, return_exceptions=True)
    return "".join(traceback.format_exception(outcome)) if isinstance(outcome, BaseException) else ""


@pytest.mark.usefixtures("forgetful_client")
async def test_no_canary_is_told_when_store_or_bus_or_both_are_away(
    wired, storage, urls, logged, monkeypatch
):
    monkeypatch.setattr(redelivery, "PAUSE", 0.1)
    monkeypatch.setattr(publisher, "REST_AFTER_FAILURE", 0.0)  # each try is one of the bus
    wired()
    _, lead_id, _ = await pushed()
    no_store, no_bus = AWAY.format(free_port()), NO_BUS.format(free_port())
    for away, of_push, of_follow_up in (
        ({"LEADS_STORAGE": no_store}, 202, 503),  # the push waits in the queue `spill`
        ({"LEADS_STORAGE": storage, "LEADS_BUS": no_bus}, 202, 200),
        ({"LEADS_STORAGE": no_store}, 503, 503),
    ):
        wired(**away)
        logged.shout()
        status, _, told = await pushed(Description=f"{NOTE}, {sorted(away)}")
        follow_up = await called("POST", "leads/{id}/follow-ups", FOLLOW_UP, lead_id)
        assert (status, follow_up.status_code) == (of_push, of_follow_up)
        shown = [told, await refusals_of(lead_id)]
        shown += await asyncio.gather(*map(outcome_of, triggered_by_bus_and_clock(lead_id)))
        expect_silence(logged, urls, shown)
    assert any("StoreUnavailable" in text for text in shown)


async def refusals_of(lead_id):
    answers = [await called(*refused, lead_id) for refused in REFUSED[5:12]]
    return "\n".join(answer.get_body().decode() for answer in answers)


def triggered_by_bus_and_clock(lead_id):
    """What runs without a caller; not started yet."""
    yield TRIGGERS["clock"].get_user_function()(TimerRequest(past_due=False))
    yield TRIGGERS["take_activity"].get_user_function()(activity(ACTIVITIES[0]))
    yield TRIGGERS["score_lead"].get_user_function()(scoring_message(lead_id))
    for body in (a_marked_push(Description=WORD), WORD.encode()):
        yield TRIGGERS["receive_spilled"].get_user_function()(activity(body))


def test_the_sdks_are_turned_down_whatever_the_platform_sets(wired):
    """At INFO they log each request with its URL; what they log at DEBUG shows no body either (see above)."""
    logging.getLogger("azure").setLevel(logging.INFO)  # as a platform that logs everything
    wired()
    assert logging.getLogger("azure.core").getEffectiveLevel() == logging.WARNING
    assert logging.getLogger("azure.servicebus").getEffectiveLevel() == logging.WARNING
