"""Looking firms up: what is kept and for how long, what is shared, and when nobody is asked."""

import asyncio

import pytest
from aiohttp import web

from shared.providers import http_json
from shared.providers.http_json import FAILURES_IN_A_ROW, KEEP_ANSWER, KEEP_FAILURE, PAUSE
from tests.providers.conftest import A_SECOND, FACTS, status


async def test_an_answer_is_kept_for_a_day(server, provider_of, clock):
    provider = provider_of(server.url(), clock=clock)
    for _ in range(2):
        facts = await provider.list_facts("contoso.com")
        facts["industry"] = "changed by a caller"
    clock.now += KEEP_ANSWER - A_SECOND
    assert await provider.list_facts("contoso.com") == FACTS
    assert len(server.asked) == 1
    clock.now += A_SECOND
    assert await provider.list_facts("contoso.com") == FACTS
    assert len(server.asked) == 2


async def test_a_failure_is_kept_for_five_minutes(server, provider_of, clock):
    answer, server.answer = server.answer, status(500)
    provider = provider_of(server.url(), clock=clock)
    assert await provider.list_facts("contoso.com") == {}
    server.answer = answer
    clock.now += KEEP_FAILURE - A_SECOND
    assert await provider.list_facts("contoso.com") == {}
    clock.now += A_SECOND
    assert await provider.list_facts("contoso.com") == FACTS


async def test_look_ups_of_one_domain_share_a_request(server, provider_of):
    provider = provider_of(server.url())
    found = await asyncio.gather(*(provider.list_facts("contoso.com") for _ in range(20)))
    assert found == [FACTS] * 20
    assert len({id(facts) for facts in found}) == 20
    assert server.paths == ["/firms/contoso.com"]


async def test_many_domains_are_looked_up_at_once(server, provider_of):
    provider = provider_of(server.url())
    found = await asyncio.gather(*(provider.list_facts(f"firm{number}.example") for number in range(60)))
    assert found == [FACTS] * 60
    assert len(set(server.paths)) == 60


async def test_a_caller_who_goes_takes_the_answer_from_nobody(server, provider_of):
    provider = provider_of(server.url())
    impatient, patient = (asyncio.create_task(provider.list_facts("contoso.com")) for _ in range(2))
    await server.arrived.wait()
    impatient.cancel()
    assert await patient == FACTS
    assert impatient.cancelled()
    assert await provider.list_facts("contoso.com") == FACTS
    assert len(server.asked) == 1


async def fail(provider, times, first=0):
    for number in range(first, first + times):
        assert await provider.list_facts(f"firm{number}.example") == {}


async def test_after_five_failures_in_a_row_nobody_waits_for_a_minute(server, provider_of, clock):
    answer, server.answer = server.answer, status(500)
    provider = provider_of(server.url(), clock=clock)
    await fail(provider, FAILURES_IN_A_ROW)
    server.answer = answer
    clock.now += PAUSE - A_SECOND
    assert await provider.list_facts("contoso.com") == {}
    assert len(server.asked) == FAILURES_IN_A_ROW
    clock.now += A_SECOND
    assert await provider.list_facts("contoso.com") == FACTS


async def test_a_pause_forgets_no_answer(server, provider_of, clock):
    provider = provider_of(server.url(), clock=clock)
    await provider.list_facts("contoso.com")
    server.answer = status(500)
    await fail(provider, FAILURES_IN_A_ROW)
    assert await provider.list_facts("contoso.com") == FACTS


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
    await provider.list_facts("fine.example")
    await fail(provider, FAILURES_IN_A_ROW - 1, first=FAILURES_IN_A_ROW)
    await provider.list_facts("also-fine.example")
    assert len(server.asked) == 2 * FAILURES_IN_A_ROW


async def test_only_so_many_domains_are_kept(server, provider_of, monkeypatch):
    monkeypatch.setattr(http_json, "MAX_DOMAINS", 2)
    provider = provider_of(server.url())
    for domain in ("one.example", "two.example", "three.example", "two.example", "one.example"):
        assert await provider.list_facts(domain) == FACTS
    assert server.paths == [f"/firms/{number}.example" for number in ("one", "two", "three", "one")]


async def test_a_domain_that_is_asked_again_counts_as_new(server, provider_of, clock, monkeypatch):
    monkeypatch.setattr(http_json, "MAX_DOMAINS", 2)
    provider = provider_of(server.url(), clock=clock)
    await provider.list_facts("one.example")
    await provider.list_facts("two.example")
    clock.now += KEEP_ANSWER
    for domain in ("one.example", "three.example", "one.example"):
        await provider.list_facts(domain)
    assert server.paths == [f"/firms/{number}.example" for number in ("one", "two", "one", "three")]
