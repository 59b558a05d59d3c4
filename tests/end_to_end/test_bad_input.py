"""Bad input: a clear 4xx problem each, never a 500, no value echoed."""

import json

import pytest

from tests.samples import push_body

CANARY = "canary-4711"
ABSENT = "a" * 24
TOO_LARGE = json.dumps({"Description": CANARY + "x" * 65 * 1024}).encode()

BODIES = {
    "empty": (b"", 400),
    "blank": (b"   ", 400),
    "not JSON": (f"<lead>{CANARY}</lead>".encode(), 400),
    "a comma missing": (f'{{"LeadSource": "{CANARY}" "ActionCode": "INS"}}'.encode(), 400),
    "an array": (f'[{{"LeadSource": "{CANARY}"}}]'.encode(), 400),
    "an empty array": (b"[]", 400),
    "a string": (f'"{CANARY}"'.encode(), 400),
    "null": (b"null", 400),
    "a deep nest": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
    "a nest without an end": (b"[" * 60_000, 400),
    "invalid UTF-8": (b'{"LeadSource": "' + CANARY.encode() + b'\xff\xfe"}', 400),
    "a number without an end": (b'{"Phone": ' + b"9" * 20_000 + b"}", 400),
    "65 KiB": (TOO_LARGE, 413),
}


def expect_problem(status, body, expected):
    assert status == expected
    assert (body["status"], body["type"]) == (expected, "about:blank")
    assert body["title"]
    assert body["detail"]
    assert CANARY not in json.dumps(body)


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_lead_is_a_problem(caller, name):
    sent, expected = BODIES[name]
    status, body = await caller.push(sent, headers={"Content-Type": "application/json"})
    expect_problem(status, body, expected)


async def test_an_odd_content_type_is_no_reason_to_lose_a_lead(caller):
    for number, content_type in enumerate(("text/plain", "application/x-www-form-urlencoded", "")):
        body = json.dumps(push_body(Email=f"odd{number}@contoso.example")).encode()
        status, _ = await caller.push(body, headers={"Content-Type": content_type})
        assert status == 202


async def test_a_lead_without_a_single_value_is_a_lead(caller):
    status, receipt = await caller.push(b"{}")
    assert status == 202
    lead = await caller.get(f"leads/{receipt['leadId']}")
    assert set(lead["contact"].values()) == {None}


@pytest.mark.parametrize("field", ["FirstName", "Email", "Company", "LeadSource", "ActionCode", "OfferTitle"])
async def test_a_field_as_long_as_the_body_allows_is_stored_whole(caller, field):
    text = f"{field}-ü@" + "x" * 60_000
    status, receipt = await caller.push(push_body(**{"Email": f"{field}@contoso.example", field: text}))
    assert status == 202
    events = await caller.get(f"leads/{receipt['leadId']}/events")
    assert text in json.dumps(events["items"][0]["data"], ensure_ascii=False)
    await caller.until(f"leads/{receipt['leadId']}", lambda lead: lead["score"])


async def test_any_last_part_of_the_push_url_is_an_offer(caller):
    for number, slug in enumerate(("%00", "a'b", "%C3%BC", "x" * 4_000, "%20")):
        status, _ = await caller.push(push_body(Email=f"slug{number}@contoso.example"), path=f"/{slug}")
        assert status == 202


@pytest.mark.parametrize("route", ["marketplace/leads", "leads", f"leads/{ABSENT}", f"leads/{ABSENT}/events"])
@pytest.mark.parametrize("key", [None, CANARY], ids=["no key", "wrong key"])
async def test_without_the_right_key_nothing_opens(caller, route, key):
    headers = {"x-functions-key": key} if key else {}
    status, body = await caller.call("GET", f"{caller.facts['apiUrl']}/{route}", headers=headers)
    expect_problem(status, body, 401)


async def test_the_key_in_the_push_url_opens_nothing_else(caller):
    key = caller.facts["pushUrl"].partition("code=")[2]
    for route in ("leads", f"leads/{ABSENT}", f"leads/{ABSENT}/events"):
        status, body = await caller.call("GET", f"{caller.facts['apiUrl']}/{route}?code={key}")
        expect_problem(status, body, 401)
    status, _ = await caller.call("GET", f"{caller.facts['apiUrl'][:-4]}/admin/host/status?code={key}")
    assert status == 401


async def test_get_on_the_push_url_answers_200_and_shows_nothing(caller):
    assert await caller.call("GET", caller.facts["pushUrl"]) == (200, "")


@pytest.mark.parametrize(
    "lead_id",
    [ABSENT, "x", f"{CANARY}'", "a%2Fb", "%27%20or%20true", "..", "%00", "a" * 2_000, "ünïcode", "A" * 24],
)
@pytest.mark.parametrize("path", ["leads/{}", "leads/{}/events"])
async def test_an_id_that_names_no_lead_is_not_found(caller, path, lead_id):
    status, body = await caller.api("GET", path.format(lead_id))
    if lead_id == ".." and path == "leads/{}":
        return  # the client itself folds it away: another route
    expect_problem(status, body, 404)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", CANARY),
        ("grade", CANARY),
        ("overdue", CANARY),
        ("test", "yes"),
        ("doNotContact", "1"),
        ("minScore", "-1"),
        ("minScore", CANARY),
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "١٢"),
        ("cursor", CANARY),
        ("cursor", "open!000!' or true"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_by_name(caller, name, value):
    status, body = await caller.api("GET", "leads", params={name: value})
    expect_problem(status, body, 400)
    assert name in body["detail"]


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"[]",
        b"{}",
        b'{"by": 1}',
        b'{"by": " "}',
        b'{"by": "sam", "at": "yesterday"}',
        b'{"by": "sam", "at": "2026-03-02T09:00:00"}',
        b'{"by": "sam", "at": "2099-01-01T00:00:00Z"}',
        b'{"by": "sam", "at": "1999-01-01T00:00:00Z"}',
        b'{"by": "sam", "at": "0001-01-01T00:00:00+14:00"}',
        b'{"by": "sam", "at": "9999-12-31T23:59:59-23:59"}',
        b'{"by": "sam", "else": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"by": "\xff"}',
        b'{"by": "' + b"x" * 300 + b'"}',
        b'{"by": "sam", "note": "' + b"x" * 20_000 + b'"}',
    ],
)
async def test_a_follow_up_that_cant_be_is_refused(caller, report):
    _, receipt = await caller.push(push_body(Email="reported@contoso.example"))
    status, body = await caller.api("POST", f"leads/{receipt['leadId']}/follow-ups", data=report)
    expect_problem(status, body, 400)


async def test_a_follow_up_of_65_kib_is_too_large(caller):
    status, body = await caller.api("POST", f"leads/{ABSENT}/follow-ups", data=TOO_LARGE)
    expect_problem(status, body, 413)


async def test_a_compressed_body_is_refused_as_it_is(caller):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    status, body = await caller.push(b"{}x", headers=headers)
    expect_problem(status, body, 400)


async def test_a_follow_up_of_a_lead_that_doesnt_exist_is_not_found(caller):
    status, body = await caller.api("POST", f"leads/{ABSENT}/follow-ups", data=b'{"by": "sam"}')
    expect_problem(status, body, 404)


async def test_a_chunked_body_is_refused_not_lost_in_silence(caller):
    async def chunks():
        yield b"{}"

    status, body = await caller.push(chunks())
    expect_problem(status, body, 400)
