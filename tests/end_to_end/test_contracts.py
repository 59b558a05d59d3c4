"""Whatever a caller sends, the running app answers as its document says, and its messages as theirs.

Cases are drawn from the document itself, right ones and wrong ones, the same at every run.
"""

import asyncio
import json
import sys

import pytest

from shared.contract.asyncapi import property_schema
from shared.leads.events import EventType
from tests.contract.documents import body_schema, closed, closed_schema, operations, validator_of
from tests.end_to_end.conftest import calling, listening, start_stack
from tests.samples import push_body

FEW, MANY = "10", "100"  # cases drawn for each operation, beside those at its bounds
PATIENCE = 1200  # seconds
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
]

DRAWN = ["--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--continue-on-failure"]
DRAWN += ["--checks", ",".join(CHECKS), "--workers", "2", "--request-timeout", "20", "--no-color"]


@pytest.fixture
async def stack(tmp_path):
    """A stack of its own: thousands of calls leave much behind, and the same call again is a repeat."""
    running = await start_stack(tmp_path / "data", LEADS_CLOCK_SCHEDULE="0 * * * * *")
    yield running
    assert await running.stop() == 0


@pytest.fixture
async def caller(stack):
    async with calling(stack) as one:
        yield one


@pytest.fixture
async def document(caller):
    """The app's own document, closed, with ids of stored leads in it: few calls would hit one by chance."""
    served = closed(await caller.get("openapi.json"))
    pushes = [push_body(Email=f"{name}@fabrikam.example") for name in ("ada", "sam", "kim")]
    lead_ids = [(await caller.push(push))[1]["leadId"] for push in pushes]
    for *_, operation in operations(served):
        for parameter in operation.get("parameters", ()):
            if (parameter["name"], parameter["in"]) == ("id", "path"):
                parameter["schema"] = {"enum": [*lead_ids, "a" * 24]}
    return served


async def tried(document, facts, folder, *options):
    """Cases drawn from a document, sent to the stack: how it ended, and what was said."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    command = [sys.executable, "-W", "ignore", "-m", "schemathesis.cli", "run", str(file), *DRAWN, *options]
    command += ["--url", facts["apiUrl"], "--header", f"x-functions-key: {facts['functionKey']}"]
    pipe, out = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=pipe, stderr=out)
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode(errors="replace")


@pytest.mark.parametrize("cases", [FEW, pytest.param(MANY, marks=pytest.mark.campaign)])
async def test_whatever_is_sent_is_answered_and_told_as_described(stack, document, tmp_path, cases):
    async with listening(stack.facts["bus"]) as subscriber:
        code, said = await tried(document, stack.facts, tmp_path, "--max-examples", cases)
        assert code == 0, said
    heard = {EventType(one.type) for one in subscriber.heard}
    assert heard >= {EventType.RECEIVED, EventType.TOUCHED, EventType.SCORED, EventType.FOLLOWED_UP}
    bodies = {type_: validator_of(closed_schema(body_schema(type_))) for type_ in heard}
    properties = {type_: validator_of(closed_schema(property_schema(type_))) for type_ in heard}
    for one in subscriber.heard:
        assert [problem.message for problem in bodies[one.type].iter_errors(one.body)] == []
        assert [problem.message for problem in properties[one.type].iter_errors(one.properties)] == []
        assert one.message_id == one.body["event"]["id"] == one.properties["cloudEvents_id"]


async def test_an_answer_that_is_not_as_described_is_found(stack, document, tmp_path):
    wrong = json.loads(json.dumps(document))
    wrong["components"]["schemas"]["Liveness"]["properties"]["status"] = {"type": "integer"}
    code, said = await tried(wrong, stack.facts, tmp_path, "--include-path", "/health/live")
    assert (code, "Response violates schema" in said) == (1, True), said
