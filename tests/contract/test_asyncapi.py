"""The document of topic and queue is valid AsyncAPI 3.0, and names every event."""

import json
import shutil
import subprocess
import tarfile

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from local import toolchain
from shared.contract.asyncapi import REPORTS, activity_name, asyncapi
from shared.contract.messages import ActivityHead, ActivityType
from shared.leads.events import EventType
from shared.leads.json_form import camel

SPECS = "@asyncapi/specs@6.11.1"  # the schemas that AsyncAPI publishes
ASYNCAPI = json.loads(json.dumps(asyncapi()))
HERE = {"components": ASYNCAPI["components"]}


@pytest.fixture(scope="module")
def official():
    """AsyncAPI's own schema of version 3.0, fetched once per user."""
    home = toolchain.cache_home() / SPECS.replace("/", "-")
    schema = home / "package" / "schemas" / "3.0.0-without-$id.json"
    if not schema.exists():
        home.mkdir(parents=True, exist_ok=True)
        npm = [shutil.which("npm"), "pack", SPECS, "--silent"]
        done = subprocess.run(npm, cwd=home, capture_output=True, text=True, timeout=120, check=True)
        with tarfile.open(home / done.stdout.strip()) as package:
            package.extractall(home, filter="data")
    return Draft7Validator(json.loads(schema.read_text()))


def references(node):
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from references(part)


def resolved(reference):
    node = ASYNCAPI
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_the_document_is_valid_asyncapi(official):
    assert [error.message for error in official.iter_errors(ASYNCAPI)] == []


def test_a_document_that_is_not_is_noticed(official):
    assert not official.is_valid({**ASYNCAPI, "operations": {"x": {"action": "shout"}}})


def test_every_reference_leads_somewhere():
    assert len([resolved(reference) for reference in references(ASYNCAPI)]) > 50


def test_the_topic_carries_every_type_and_each_payload_is_a_schema():
    messages = [resolved(one["$ref"]) for one in ASYNCAPI["channels"]["leads"]["messages"].values()]
    assert {message["name"] for message in messages} == {type_.value for type_ in EventType}
    for message in ASYNCAPI["components"]["messages"].values():
        Draft202012Validator.check_schema(resolved(message["payload"]["$ref"]))


@pytest.mark.parametrize("type_", ActivityType)
def test_a_report_has_every_field_that_is_read(type_):
    read = {camel(one) for type_ in (ActivityHead, REPORTS[type_]) for one in type_.__dataclass_fields__}
    assert ASYNCAPI["components"]["schemas"][activity_name(type_)]["properties"].keys() == read


@pytest.mark.parametrize(
    "report",
    [
        {"type": "follow_up", "leadId": "a" * 24, "by": "sam"},
        {"type": "interaction", "email": "ada@fabrikam.example", "interaction": "webinar", "id": "7"},
        {"type": "status", "leadId": "a" * 24, "status": "won", "by": "sam"},
        {"type": "facts", "leadId": "a" * 24, "facts": {"industry": "retail", "employees": 40}},
    ],
    ids=lambda report: report["type"],
)
def test_a_report_of_each_kind_is_as_described_and_one_about_nobody_is_not(report):
    schema = {"$ref": f"#/components/schemas/{activity_name(report['type'])}", **HERE}
    about_nobody = {name: value for name, value in report.items() if name not in ("leadId", "email")}
    assert Draft202012Validator(schema).is_valid(report)
    assert not Draft202012Validator(schema).is_valid(about_nobody)
