"""The document of the API says what the code does: every route, every field, every bound."""

import json
import re
from copy import replace

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import function_app
from shared.contract import requests
from shared.contract.errors import InvalidRequest
from shared.contract.operations import OPERATIONS
from shared.contract.push_body import push_body
from shared.contract.queries import EventsQuery, LeadsQuery, StatsQuery, read_query
from shared.contract.responses import lead_body
from shared.contract.schemas import query_parameters
from shared.leads.enrichment import CountryFacts, Enrichment, Provenance
from shared.leads.json_form import camel
from shared.leads.lead import CloseReason
from shared.leads.score import Evidence, LedgerLine
from shared.marketplace.parse import push_of
from shared.scoring.appraise import record_score
from tests.builders import a_lead, a_score, opened
from tests.contract.documents import OPENAPI, operations, validator, validator_of
from tests.samples import FILES, NOW

SCHEMAS = OPENAPI["components"]["schemas"]


def registered():
    """Method and route of every HTTP trigger of the app."""
    for builder in function_app.app._function_builders:
        trigger = builder._function.get_trigger()
        if trigger.get_binding_name() == "httpTrigger":
            for method in trigger.methods:
                yield f"{method.value} {trigger.route}", trigger.auth_level.value


def plain(path):
    """A path of the document without the parts that a route may leave out."""
    return path.removeprefix("/").removesuffix("/{offer}")


def test_the_document_is_valid_openapi():
    assert [error.message for error in OpenAPIV31SpecValidator(OPENAPI).iter_errors()] == []
    assert OPENAPI["openapi"] == "3.1.0"


def test_every_registered_route_is_described_and_no_other():
    described = {f"{method.upper()} {plain(path)}" for path, method, _ in operations()}
    routes = {re.sub(r"/\{\w+\?\}", "", key) for key, _ in registered()}
    assert described == routes
    assert OPERATIONS.keys() == {key for key, _ in registered()}


def test_a_part_that_a_route_may_leave_out_makes_two_paths():
    assert {"/marketplace/leads", "/marketplace/leads/{offer}"} < OPENAPI["paths"].keys()
    names = [operation["operationId"] for *_, operation in operations()]
    assert len(names) == len(set(names))


def test_each_operation_asks_for_the_key_that_its_route_asks_for():
    auth = {re.sub(r"/\{\w+\?\}", "", key): level.lower() for key, level in registered()}
    for path, method, operation in operations():
        level = auth[f"{method.upper()} {plain(path)}"]
        asked = {name for one in operation.get("security", ()) for name in one}
        assert asked == (set() if level == "anonymous" else {f"{level}Key", f"{level}KeyInQuery"})
        assert ("401" in operation["responses"]) == bool(asked)


def test_every_operation_tells_the_callers_story():
    assert [path for path, _, operation in operations() if not operation["description"]] == []
    get, post = (OPENAPI["paths"]["/marketplace/leads"][method]["description"] for method in ("get", "post"))
    assert get.startswith("GET answers 200")
    assert "GET" not in post


BODIES = [
    one
    for name, one in vars(requests).items()
    if name.endswith("Body") and one.__module__ == requests.__name__
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_field_of_a_body_is_described(body):
    fields = {camel(name) for name in body.__dataclass_fields__}
    assert SCHEMAS[body.__name__]["properties"].keys() == fields


def full_lead():
    """A lead with everything that a lead may have."""
    enrichment = Enrichment(
        country=CountryFacts(code="US", from_="pushed"),
        facts={"industry": "retail", "employees": 40},
        provenance={"country.code": Provenance(from_="pushed", confidence=1.0)},
    )
    evidence = Evidence(interaction="push", count=1, last_at=NOW, events=(1,))
    line = LedgerLine(rule="asked", points=60, because="asked", evidence=(evidence, Evidence(fact="note")))
    score = replace(a_score(60, qualified=True), ledger=(line,), missing=("budget",))
    one = record_score(opened().lead, enrichment, score, now=NOW).lead
    return replace(one, owner="sam", close_reason=CloseReason.BUDGET)


@pytest.mark.parametrize("one", [a_lead(), full_lead()], ids=["just pushed", "with everything"])
def test_a_lead_is_answered_as_described_no_member_more_or_less(one):
    told = json.loads(json.dumps(lead_body(one)))
    assert list(validator("Lead").iter_errors(told)) == []
    assert told.keys() == SCHEMAS["Lead"]["properties"].keys() == set(SCHEMAS["Lead"]["required"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.pop("owner"),
        lambda told: told.update(bookkeeping={}),
        lambda told: told.update(receivedAt="yesterday"),
        lambda told: told["followUp"].update(level="1"),
    ],
    ids=["a member missing", "one too many", "no time", "another type"],
)
def test_a_lead_that_differs_is_noticed(spoil):
    told = json.loads(json.dumps(lead_body(a_lead())))
    spoil(told)
    assert not validator("Lead").is_valid(told)


def test_the_desks_bookkeeping_is_no_part_of_the_contract():
    assert "ookkeeping" not in json.dumps(OPENAPI)


def test_every_time_in_an_answer_is_described_as_one():
    times = {
        f"{name}.{member}": "date-time" in json.dumps(schema)
        for name, one in SCHEMAS.items()
        for member, schema in one.get("properties", {}).items()
        if member in ("at", "time") or member.endswith("At")
    }
    assert len(times) > 15
    assert [name for name, is_time in times.items() if not is_time] == []


# Texts that a query may hold, those at the bounds among them.
WRITTEN = ["0", "1", "50", "100", "101", "200", "201", "99999999", "100000000", "-1", "1.5", "x"]
WRITTEN += ["true", "TRUE", "new", "NEW", "A1", "D4", "A5", "E1", "x" * 200, "x" * 201]
WRITTEN += ["open!040!" + "a" * 24, "2026-03-01", "2026-03-01T09:00:00Z", "2026-03-01T09:00", "2026-3-1"]


@pytest.mark.parametrize("written", WRITTEN, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize(
    ("query", "parameter"),
    [(query, one) for query in (LeadsQuery, EventsQuery, StatsQuery) for one in query_parameters(query)],
    ids=lambda one: one["name"] if isinstance(one, dict) else one.__name__,
)
def test_a_parameter_takes_what_its_schema_takes(query, parameter, written):
    schema = parameter["schema"]
    value = read_as(schema.get("type"), written)
    assert is_taken(query, parameter["name"], written) == Draft202012Validator(schema).is_valid(value)


def read_as(type_, text):
    if type_ == "integer" and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if type_ == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def is_taken(query, name, text):
    try:
        read_query(query, {name: text})
    except InvalidRequest:
        return False
    return True


PUSH = validator_of(push_body())


@pytest.mark.parametrize("sample", sorted(FILES.glob("*.json")), ids=lambda path: path.stem)
def test_every_known_shape_of_a_push_is_as_described(sample):
    assert PUSH.is_valid(json.loads(sample.read_text()))


def test_every_described_member_of_a_push_is_read():
    described = push_body()["anyOf"][0]["properties"]
    contact = described.pop("UserDetails")["properties"]
    pushes = [{name: "a word"} for name in (*described, *contact)]
    pushes += [{"UserDetails": {name: "a word"}} for name in contact]
    for push in pushes:
        assert replace(push_of(push), as_sent={}) != push_of({}), push


def test_what_is_no_push_is_described_as_none():
    for body in ("text", 1, None, [], [["a", "b", "c"]], [["a", 1]]):
        assert not PUSH.is_valid(body)
