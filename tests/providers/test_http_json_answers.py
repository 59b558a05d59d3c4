"""Looking firms up: what counts as an answer, and how little one that doesn't come may cost."""

import gzip
import json
import time

import pytest
from aiohttp import web

from shared.providers.guarded_http import MAX_ANSWER
from shared.providers.http_json import KEEP_ANSWER, KEEP_FAILURE
from tests.conftest import free_port
from tests.providers.conftest import A_SECOND, IMPATIENT, LITTLE, never, status, text


@pytest.mark.parametrize("code", [201, 204, 400, 401, 403, 429, 500, 503])
async def test_any_other_status_is_a_failure(server, provider_of, clock, code):
    server.answer = status(code)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.list_facts("contoso.com") == {}
    clock.now += KEEP_FAILURE
    await provider.list_facts("contoso.com")
    assert len(server.asked) == 2


async def test_404_says_that_nothing_is_known_and_is_kept_like_an_answer(server, provider_of, clock):
    server.answer = status(404)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.list_facts("contoso.com") == {}
    clock.now += KEEP_ANSWER - A_SECOND
    assert await provider.list_facts("contoso.com") == {}
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(server, provider_of, code):
    server.answer = lambda request: web.Response(status=code, headers={"Location": "/elsewhere"})
    assert await provider_of(server.url()).list_facts("contoso.com") == {}
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
    assert await provider.list_facts("contoso.com") == {}
    clock.now += KEEP_FAILURE
    await provider.list_facts("contoso.com")
    assert len(server.asked) == 2


@pytest.mark.parametrize("answer", [None, [], "text", 3, {"company": None}])
async def test_json_of_another_shape_holds_no_facts(server, provider_of, clock, answer):
    server.answer = lambda request: web.json_response(answer)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.list_facts("contoso.com") == {}
    clock.now += KEEP_FAILURE
    assert await provider.list_facts("contoso.com") == {}
    assert len(server.asked) == 1


def an_answer_of(length):
    return json.dumps({"public": True}).ljust(length).encode()


@pytest.mark.parametrize(("length", "facts"), [(MAX_ANSWER, {"public": True}), (MAX_ANSWER + 1, {})])
@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_is_read_up_to_256_kib_unpacked(server, provider_of, length, facts, packed):
    body = an_answer_of(length)
    server.answer = text(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else text(body)
    assert await provider_of(server.url()).list_facts("contoso.com") == facts


async def test_an_endless_answer_is_left(server, provider_of):
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65536)

    server.answer = endless
    assert await provider_of(server.url()).list_facts("contoso.com") == {}


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
    assert await provider_of(f"http://127.0.0.1:{port}/{{domain}}").list_facts("contoso.com") == {}


async def test_a_provider_that_refuses_connections_gives_no_facts(provider_of):
    assert await provider_of(f"http://127.0.0.1:{free_port()}/{{domain}}").list_facts("contoso.com") == {}


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
    assert await provider.list_facts("contoso.com") == {}
    assert time.monotonic() - began < LITTLE
    assert await provider.list_facts("contoso.com") == {}
    assert len(server.asked) <= 1  # none, if the machine is busy


async def test_the_budget_holds_for_a_tls_handshake_that_hangs(raw_server, provider_of):
    port = await raw_server(None)
    began = time.monotonic()
    provider = provider_of(f"https://127.0.0.1:{port}/{{domain}}", budget=IMPATIENT)
    assert await provider.list_facts("contoso.com") == {}
    assert time.monotonic() - began < LITTLE
