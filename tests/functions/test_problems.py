"""A wrong request is answered with all its mistakes, each with its place (RFC 9457, RFC 6901)."""

import json

import azure.functions as func
import pytest

from functions.http import pointer
from tests.functions.triggers import TRIGGERS

LEAD = {"id": "a" * 24}


async def problem_of(name, body=b"", **params):
    request = func.HttpRequest(
        method="POST",
        url="/api/anything",
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        route_params=LEAD,
        params=params,
    )
    answer = await TRIGGERS[name].get_user_function()(request)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    return json.loads(answer.get_body())


async def test_all_mistakes_of_a_body_are_listed_in_a_sentence_and_each_with_its_place():
    problem = await problem_of("update_lead", {"status": "c4n4ry", "owner": "", "doNotContact": "no"})
    assert problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "Invalid update: `status` must be one of new, contacted, nurturing, qualified, won, lost, "
        "disqualified; `owner` must be a name of 1 to 200 characters, or null to unassign; "
        "`doNotContact` must be true or false.",
        "errors": [
            {
                "detail": "must be one of new, contacted, nurturing, qualified, won, lost, disqualified",
                "pointer": "/status",
            },
            {"detail": "must be a name of 1 to 200 characters, or null to unassign", "pointer": "/owner"},
            {"detail": "must be true or false", "pointer": "/doNotContact"},
        ],
    }


async def test_all_mistakes_of_a_query_are_listed_too():
    problem = await problem_of("list_leads", limit="0", grade="E5", minScore="many")
    assert problem["errors"] == [
        {"detail": "must be a letter A to D and a digit 1 to 4", "pointer": "/grade"},
        {"detail": "must be a whole number from 0 to 100", "pointer": "/minScore"},
        {"detail": "must be a whole number from 1 to 200", "pointer": "/limit"},
    ]


async def test_both_ends_of_a_time_range_are_checked():
    problem = await problem_of("get_stats", **{"from": "2026-02-30", "to": "1899-12-31"})
    assert [one["pointer"] for one in problem["errors"]] == ["/from", "/to"]


async def test_a_mistake_within_a_list_is_pointed_at():
    body = {"push": {}, "interactions": [{"type": "webinar"}, {"type": "No Word", "at": "yesterday"}]}
    problem = await problem_of("preview_score", body)
    assert [one["pointer"] for one in problem["errors"]] == ["/interactions/1/type", "/interactions/1/at"]


async def test_a_member_that_is_not_known_is_refused_and_the_known_ones_are_named():
    problem = await problem_of("report_follow_up", {"by": "sam", "c4n4ry@contoso.com": 1})
    (error,) = problem["errors"]
    assert error["pointer"] == ""
    assert "`nextContactAt`" in error["detail"]
    assert "c4n4ry" not in json.dumps(problem)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"null"])
async def test_a_body_that_is_wrong_as_a_whole_is_pointed_at_as_a_whole(body):
    problem = await problem_of("report_interaction", body)
    assert [one["pointer"] for one in problem["errors"]] == [""]


async def test_a_policy_that_is_wrong_is_a_mistake_of_the_member_that_holds_it():
    problem = await problem_of(
        "preview_score", {"push": {}, "policy": '[follow_up]\ntarget = "8"\nsurprise = 1'}
    )
    (error,) = problem["errors"]
    assert error["pointer"] == "/policy"
    assert "`follow_up.target`" in error["detail"]
    assert "`follow_up.surprise`" in error["detail"]
    assert problem["detail"].startswith("Invalid preview: `policy`")


def test_a_pointer_escapes_what_separates_its_parts():
    assert pointer(("facts", "a/b~c", 0)) == "/facts/a~1b~0c/0"
