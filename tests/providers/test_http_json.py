"""Looking firms up: what counts as an answer, and how little one that doesn't come may cost."""

import asyncio
import gzip
import json
import logging
import time

import pytest
from aiohttp import web

from shared.providers import http_json
from shared.providers.guarded_http import MAX_ANSWER
from shared.providers.http_json import FAILURES_IN_A_ROW, KEEP_ANSWER, KEEP_FAILURE, PAUSE, HttpJsonProvider
from tests.conftest import free_port
from tests.providers.conftest import FACTS, IMPATIENT, MAPPING, PATIENT, Clock, never

A_SECOND = 1.0
LITTLE = 5.0  # seconds; far above the time that an impatient provider takes, for a busy machine


@pytest.fixture
def clock():
    return Clock()


def status(code):
    return lambda request: web.Response(status=code)


def text(body, **options):
    return lambda request: web.Response(body=body, **options)


async def test_values_of_the_answer_become_facts(server, provider_of):
    assert await provider_of(server.url()).facts_of("contoso.com") == FACTS
    assert server.paths == ["/firms/contoso.com"]


async def test_the_key_goes_along_in_its_header_and_nothing_of_the_machine_does(
    server, provider_of, monkeypatch, tmp_path
):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    provider = provider_of(server.url(), headers={"X-Api-Key": "a-key"})
    assert await provider.facts_of("contoso.com") == FACTS
    (request,) = server.asked
    assert (request.headers["X-Api-Key"], request.headers["Accept"]) == ("a-key", "application/json")
    assert "Authorization" not in request.headers


async def test_no_connection_is_used_twice_as_aiohttp_would_then_repeat_requests(server, provider_of):
    provider = provider_of(server.url())
    await provider.facts_of("contoso.com")
    await provider.facts_of("fabrikam.com")
    assert [request.headers["Connection"] for request in server.asked] == ["close", "close"]


async def test_cookies_are_not_sent_back(server, provider_of):
    server.answer = lambda request: web.json_response({}, headers={"Set-Cookie": "a=b; Path=/"})
    provider = provider_of(server.url(host="localhost"))
    await provider.facts_of("contoso.com")
    await provider.facts_of("fabrikam.com")
    assert [request.headers.get("Cookie") for request in server.asked] == [None, None]


@pytest.mark.parametrize(
    ("domain", "in_path", "in_query"),
    [
        ("b\u00fccher.example", "b%C3%BCcher.example", "b%C3%BCcher.example"),
        ("a/../b?c=d&e#f+g%2F", "a%2F..%2Fb%3Fc=d&e%23f%2Bg%252F", "a/../b?c%3Dd%26e%23f%2Bg%252F"),
        ("{domain}", "%7Bdomain%7D", "%7Bdomain%7D"),
        ("\ud800.example", "%3F.example", "?.example"),
    ],
)
async def test_a_domain_stays_in_its_place_whatever_it_holds(server, provider_of, domain, in_path, in_query):
    await provider_of(server.url("/firms/{domain}/facts?key=a%2Bb")).facts_of(domain)
    await provider_of(server.url("/firms?of={domain}&key=a%2Bb")).facts_of(domain)
    assert server.paths == [f"/firms/{in_path}/facts?key=a%2Bb", f"/firms?of={in_query}&key=a%2Bb"]


@pytest.mark.parametrize("domain", ["", ".", ".."])
async def test_what_would_be_another_path_is_not_asked(server, provider_of, domain):
    assert await provider_of(server.url()).facts_of(domain) == {}
    assert server.paths == []


@pytest.mark.parametrize("code", [201, 204, 400, 401, 403, 429, 500, 503])
async def test_any_other_status_is_a_failure(server, provider_of, clock, code):
    server.answer = status(code)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.facts_of("contoso.com") == {}
    clock.now += KEEP_FAILURE
    await provider.facts_of("contoso.com")
    assert len(server.asked) == 2


async def test_404_says_that_nothing_is_known_and_is_kept_like_an_answer(server, provider_of, clock):
    server.answer = status(404)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.facts_of("contoso.com") == {}
    clock.now += KEEP_ANSWER - A_SECOND
    assert await provider.facts_of("contoso.com") == {}
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(server, provider_of, code):
    server.answer = lambda request: web.Response(status=code, headers={"Location": "/elsewhere"})
    assert await provider_of(server.url()).facts_of("contoso.com") == {}
    assert server.paths == ["/firms/contoso.com"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"public": true',
        b'{"public": NaN}',
        b'{"public": "\xff"}',
        b"[" * 100_000,
        b'{"public": %s}' % (b"9" * 5000),
    ],
)
async def test_what_is_not_json_is_no_answer(server, provider_of, clock, body):
    server.answer = text(body, content_type="application/json")
    provider = provider_of(server.url(), clock=clock)
    assert await provider.facts_of("contoso.com") == {}
    clock.now += KEEP_FAILURE
    await provider.facts_of("contoso.com")
    assert len(server.asked) == 2


@pytest.mark.parametrize("answer", [None, [], "text", 3, {"company": None}])
async def test_json_of_another_shape_holds_no_facts(server, provider_of, clock, answer):
    server.answer = lambda request: web.json_response(answer)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.facts_of("contoso.com") == {}
    clock.now += KEEP_FAILURE
    assert await provider.facts_of("contoso.com") == {}
    assert len(server.asked) == 1


def an_answer_of(length):
    return json.dumps({"public": True}).ljust(length).encode()


@pytest.mark.parametrize(("length", "facts"), [(MAX_ANSWER, {"public": True}), (MAX_ANSWER + 1, {})])
@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_is_read_up_to_256_kib_unpacked(server, provider_of, length, facts, packed):
    body = an_answer_of(length)
    server.answer = text(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else text(body)
    assert await provider_of(server.url()).facts_of("contoso.com") == facts


async def test_an_endless_answer_is_left(server, provider_of):
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65536)

    server.answer = endless
    assert await provider_of(server.url()).facts_of("contoso.com") == {}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"public": true}',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}",
        b"SSH-2.0-server\r\n",
    ],
)
async def test_an_answer_that_breaks_off_or_is_no_http_is_none(raw_server, provider_of, answer):
    port = await raw_server(answer)
    assert await provider_of(f"http://127.0.0.1:{port}/{{domain}}").facts_of("contoso.com") == {}


async def test_a_provider_that_refuses_connections_gives_no_facts(provider_of):
    assert await provider_of(f"http://127.0.0.1:{free_port()}/{{domain}}").facts_of("contoso.com") == {}


async def half_an_answer(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b'{"public":')
    await never(request)


@pytest.mark.parametrize("answer", [never, half_an_answer])
async def test_an_answer_that_does_not_come_costs_the_budget_and_no_more(server, provider_of, answer):
    server.answer = answer
    provider = provider_of(server.url(), budget=IMPATIENT)
    began = time.monotonic()
    assert await provider.facts_of("contoso.com") == {}
    assert time.monotonic() - began < LITTLE
    assert await provider.facts_of("contoso.com") == {}
    assert len(server.asked) <= 1  # none, if the machine is busy


async def test_the_budget_holds_for_a_tls_handshake_that_hangs(raw_server, provider_of):
    port = await raw_server(None)
    began = time.monotonic()
    provider = provider_of(f"https://127.0.0.1:{port}/{{domain}}", budget=IMPATIENT)
    assert await provider.facts_of("contoso.com") == {}
    assert time.monotonic() - began < LITTLE


async def test_an_answer_is_kept_for_a_day(server, provider_of, clock):
    provider = provider_of(server.url(), clock=clock)
    for _ in range(2):
        facts = await provider.facts_of("contoso.com")
        facts["industry"] = "changed by a caller"
    clock.now += KEEP_ANSWER - A_SECOND
    assert await provider.facts_of("contoso.com") == FACTS
    assert len(server.asked) == 1
    clock.now += A_SECOND
    assert await provider.facts_of("contoso.com") == FACTS
    assert len(server.asked) == 2


async def test_a_failure_is_kept_for_five_minutes(server, provider_of, clock):
    answer, server.answer = server.answer, status(500)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.facts_of("contoso.com") == {}
    server.answer = answer
    clock.now += KEEP_FAILURE - A_SECOND
    assert await provider.facts_of("contoso.com") == {}
    clock.now += A_SECOND
    assert await provider.facts_of("contoso.com") == FACTS


async def test_look_ups_of_one_domain_share_a_request(server, provider_of):
    provider = provider_of(server.url())
    found = await asyncio.gather(*(provider.facts_of("contoso.com") for _ in range(20)))
    assert found == [FACTS] * 20
    assert len({id(facts) for facts in found}) == 20
    assert server.paths == ["/firms/contoso.com"]


async def test_many_domains_are_looked_up_at_once(server, provider_of):
    provider = provider_of(server.url())
    found = await asyncio.gather(*(provider.facts_of(f"firm{number}.example") for number in range(60)))
    assert found == [FACTS] * 60
    assert len(set(server.paths)) == 60


async def test_a_caller_who_goes_takes_the_answer_from_nobody(server, provider_of):
    provider = provider_of(server.url())
    impatient, patient = (asyncio.create_task(provider.facts_of("contoso.com")) for _ in range(2))
    await server.arrived.wait()
    impatient.cancel()
    assert await patient == FACTS
    assert impatient.cancelled()
    assert await provider.facts_of("contoso.com") == FACTS
    assert len(server.asked) == 1


async def fail(provider, times, first=0):
    for number in range(first, first + times):
        assert await provider.facts_of(f"firm{number}.example") == {}


async def test_after_five_failures_in_a_row_nobody_waits_for_a_minute(server, provider_of, clock):
    answer, server.answer = server.answer, status(500)
    provider = provider_of(server.url(), clock=clock)
    await fail(provider, FAILURES_IN_A_ROW)
    server.answer = answer
    clock.now += PAUSE - A_SECOND
    assert await provider.facts_of("contoso.com") == {}
    assert len(server.asked) == FAILURES_IN_A_ROW
    clock.now += A_SECOND
    assert await provider.facts_of("contoso.com") == FACTS


async def test_a_pause_forgets_no_answer(server, provider_of, clock):
    provider = provider_of(server.url(), clock=clock)
    await provider.facts_of("contoso.com")
    server.answer = status(500)
    await fail(provider, FAILURES_IN_A_ROW)
    assert await provider.facts_of("contoso.com") == FACTS


async def test_a_provider_that_still_fails_after_a_pause_is_left_alone_again_at_once(
    server, provider_of, clock
):
    server.answer = status(500)
    provider = provider_of(server.url(), clock=clock)
    await fail(provider, FAILURES_IN_A_ROW)
    clock.now += PAUSE
    await fail(provider, 3, first=FAILURES_IN_A_ROW)
    assert len(server.asked) == FAILURES_IN_A_ROW + 1


@pytest.mark.parametrize("code", [200, 404])
async def test_an_answer_in_between_ends_the_row(server, provider_of, clock, code):
    server.answer = lambda request: web.json_response({}, status=code if "fine" in request.path else 500)
    provider = provider_of(server.url(), clock=clock)
    await fail(provider, FAILURES_IN_A_ROW - 1)
    await provider.facts_of("fine.example")
    await fail(provider, FAILURES_IN_A_ROW - 1, first=FAILURES_IN_A_ROW)
    await provider.facts_of("also-fine.example")
    assert len(server.asked) == 2 * FAILURES_IN_A_ROW


async def test_only_so_many_domains_are_kept(server, provider_of, monkeypatch):
    monkeypatch.setattr(http_json, "MAX_DOMAINS", 2)
    provider = provider_of(server.url())
    for domain in ("one.example", "two.example", "three.example", "two.example", "one.example"):
        assert await provider.facts_of(domain) == FACTS
    assert server.paths == [f"/firms/{number}.example" for number in ("one", "two", "three", "one")]


async def test_a_domain_that_is_asked_again_counts_as_new(server, provider_of, clock, monkeypatch):
    monkeypatch.setattr(http_json, "MAX_DOMAINS", 2)
    provider = provider_of(server.url(), clock=clock)
    await provider.facts_of("one.example")
    await provider.facts_of("two.example")
    clock.now += KEEP_ANSWER
    for domain in ("one.example", "three.example", "one.example"):
        await provider.facts_of(domain)
    assert server.paths == [f"/firms/{number}.example" for number in ("one", "two", "one", "three")]


async def test_close_ends_a_look_up_without_facts_and_without_a_grudge(server, provider_of):
    answer, server.answer = server.answer, never
    provider = provider_of(server.url())
    callers = [asyncio.create_task(provider.facts_of("contoso.com")) for _ in range(2)]
    await server.arrived.wait()
    await provider.close()
    assert await asyncio.gather(*callers) == [{}, {}]
    server.answer = answer
    assert await provider.facts_of("contoso.com") == FACTS


async def test_close_ends_a_look_up_that_has_not_begun(server, provider_of):
    provider = provider_of(server.url())
    caller = asyncio.create_task(provider.facts_of("contoso.com"))
    await asyncio.sleep(0)
    await provider.close()
    assert await caller == {}
    assert await provider.facts_of("contoso.com") == FACTS


async def test_close_may_come_twice_or_before_any_look_up(server, provider_of):
    provider = provider_of(server.url())
    await provider.close()
    assert await provider.facts_of("contoso.com") == FACTS
    await provider.close()
    await provider.close()
    assert await provider.facts_of("contoso.com") == FACTS
    assert await provider.facts_of("fabrikam.com") == FACTS


def test_after_close_another_loop_may_use_it():
    provider = HttpJsonProvider(
        f"http://127.0.0.1:{free_port()}/{{domain}}", MAPPING, PATIENT, may_reach=lambda address: True
    )

    async def look_up(domain):
        assert await provider.facts_of(domain) == {}
        await provider.close()

    for domain in ("contoso.com", "fabrikam.com"):
        asyncio.run(look_up(domain), loop_factory=asyncio.new_event_loop)


@pytest.mark.parametrize(
    ("answer", "why"),
    [(status(401), "status 401"), (text(b"no json"), "JSONDecodeError"), (never, "TimeoutError")],
)
async def test_the_log_says_host_and_error_but_neither_domain_nor_key(
    server, provider_of, caplog, answer, why
):
    server.answer = answer
    budget = IMPATIENT if answer is never else PATIENT
    provider = provider_of(server.url("/firms/{domain}?key=secret"), budget=budget)
    with caplog.at_level(logging.DEBUG):
        await provider.facts_of("contoso.com")
    assert f"No facts from 127.0.0.1: {why}, 1 in a row" in caplog.messages
    assert "contoso" not in caplog.text
    assert "secret" not in caplog.text
