"""Looking firms up: what is asked and what is not, how it is closed, and what the log says."""

import asyncio
import logging

import pytest
from aiohttp import web

from shared.providers.http_json import HttpJsonProvider
from tests.conftest import free_port
from tests.providers.conftest import FACTS, IMPATIENT, MAPPING, PATIENT, never, status, text


async def test_values_of_the_answer_become_facts(server, provider_of):
    assert await provider_of(server.url()).list_facts("contoso.com") == FACTS
    assert server.paths == ["/firms/contoso.com"]


async def test_the_key_goes_along_in_its_header_and_nothing_of_the_machine_does(
    server, provider_of, monkeypatch, tmp_path
):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    provider = provider_of(server.url(), headers={"X-Api-Key": "a-key"})
    assert await provider.list_facts("contoso.com") == FACTS
    (request,) = server.asked
    assert (request.headers["X-Api-Key"], request.headers["Accept"]) == ("a-key", "application/json")
    assert "Authorization" not in request.headers


async def test_no_connection_is_used_twice_as_aiohttp_would_then_repeat_requests(server, provider_of):
    provider = provider_of(server.url())
    await provider.list_facts("contoso.com")
    await provider.list_facts("fabrikam.com")
    assert [request.headers["Connection"] for request in server.asked] == ["close", "close"]


async def test_cookies_are_not_sent_back(server, provider_of):
    server.answer = lambda request: web.json_response({}, headers={"Set-Cookie": "a=b; Path=/"})
    provider = provider_of(server.url(host="localhost"))
    await provider.list_facts("contoso.com")
    await provider.list_facts("fabrikam.com")
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
    await provider_of(server.url("/firms/{domain}/facts?key=a%2Bb")).list_facts(domain)
    await provider_of(server.url("/firms?of={domain}&key=a%2Bb")).list_facts(domain)
    assert server.paths == [f"/firms/{in_path}/facts?key=a%2Bb", f"/firms?of={in_query}&key=a%2Bb"]


@pytest.mark.parametrize("domain", ["", ".", ".."])
async def test_what_would_be_another_path_is_not_asked(server, provider_of, domain):
    assert await provider_of(server.url()).list_facts(domain) == {}
    assert server.paths == []


async def test_close_ends_a_look_up_without_facts_and_without_a_grudge(server, provider_of):
    answer, server.answer = server.answer, never
    provider = provider_of(server.url())
    callers = [asyncio.create_task(provider.list_facts("contoso.com")) for _ in range(2)]
    await server.arrived.wait()
    await provider.close()
    assert await asyncio.gather(*callers) == [{}, {}]
    server.answer = answer
    assert await provider.list_facts("contoso.com") == FACTS


async def test_close_ends_a_look_up_that_has_not_begun(server, provider_of):
    provider = provider_of(server.url())
    caller = asyncio.create_task(provider.list_facts("contoso.com"))
    await asyncio.sleep(0)
    await provider.close()
    assert await caller == {}
    assert await provider.list_facts("contoso.com") == FACTS


async def test_close_may_come_twice_or_before_any_look_up(server, provider_of):
    provider = provider_of(server.url())
    await provider.close()
    assert await provider.list_facts("contoso.com") == FACTS
    await provider.close()
    await provider.close()
    assert await provider.list_facts("contoso.com") == FACTS
    assert await provider.list_facts("fabrikam.com") == FACTS


def test_after_close_another_loop_may_use_it():
    provider = HttpJsonProvider(
        f"http://127.0.0.1:{free_port()}/{{domain}}", MAPPING, PATIENT, may_reach=lambda address: True
    )

    async def look_up(domain):
        assert await provider.list_facts(domain) == {}
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
        await provider.list_facts("contoso.com")
    assert f"No facts from 127.0.0.1: {why}, 1 in a row" in caplog.messages
    assert "contoso" not in caplog.text
    assert "secret" not in caplog.text
