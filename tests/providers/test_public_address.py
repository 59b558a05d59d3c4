"""What a provider's address may lead to: the public internet, and only what was checked."""

import asyncio
import socket
import threading
import time

import pytest

from shared.providers import http_json
from shared.providers.public_address import is_public_address
from tests.providers.conftest import FACTS, IMPATIENT, LITTLE


@pytest.fixture
def names(monkeypatch):
    """Decides what the machine's resolver answers: addresses by host."""
    answers, asked = {}, []

    def resolve(host, port, *args, **options):
        asked.append(host)
        addresses = answers[host]() if callable(answers[host]) else answers[host]
        if addresses is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answers["asked"] = asked
    return answers


@pytest.mark.parametrize(
    "address",
    [
        "20.112.250.133",
        "1.1.1.1",
        "2606:4700:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::1",
    ],
)
def test_public_addresses_may_be_reached(address):
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # between carriers
        "169.254.169.254",  # the metadata of a cloud's machine
        "168.63.129.16",  # Azure's channel into its machines
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:168.63.129.16",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::101:101",  # NAT64 of somebody's own network
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2001::1",  # Teredo
        "2001:db8::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "",
        "localhost",
        "127.1",
        "2130706433",
    ],
)
def test_all_others_may_not(address):
    assert not is_public_address(address)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("127.0.0.1", "ForbiddenAddress"),
        ("[::1]", "ForbiddenAddress"),
        ("[::ffff:127.0.0.1]", "ForbiddenAddress"),
        ("localhost", "ForbiddenAddress"),
        ("0x7f000001", "ForbiddenAddress"),
        ("127.1", "InvalidUrlClientError"),
    ],
)
async def test_a_private_address_is_refused_before_a_connection(server, provider_of, caplog, host, why):
    provider = provider_of(server.url(host=host), may_reach=is_public_address)
    assert await provider.list_facts("contoso.com") == {}
    assert server.asked == []
    assert caplog.messages == [f"No facts from {host.strip('[]')}: {why}, 1 in a row"]


async def test_one_private_address_among_public_ones_makes_a_name_suspect(server, provider_of, names):
    names["provider.example"] = ["127.0.0.1", "10.0.0.1"]
    tried = []

    def may_reach(address):
        tried.append(address)
        return address == "127.0.0.1"

    provider = provider_of(server.url(host="provider.example"), may_reach=may_reach)
    assert await provider.list_facts("contoso.com") == {}
    assert tried == ["127.0.0.1", "10.0.0.1"]
    assert server.asked == []


async def test_a_name_is_asked_once_so_that_what_was_checked_is_what_is_reached(server, provider_of, names):
    turns = iter([["127.0.0.1"], ["127.0.0.2"]])
    names["provider.example"] = lambda: next(turns)
    checked = []
    provider = provider_of(server.url(host="provider.example"), may_reach=lambda a: checked.append(a) or True)
    assert await provider.list_facts("contoso.com") == FACTS
    assert names["asked"] == ["provider.example"]
    assert set(checked) == {"127.0.0.1"}
    assert server.asked[0].headers["Host"] == f"provider.example:{server.port}"


async def test_the_next_address_is_tried_if_one_refuses(server, provider_of, names):
    names["provider.example"] = ["::1", "127.0.0.1"]
    assert await provider_of(server.url(host="provider.example")).list_facts("contoso.com") == FACTS


@pytest.mark.parametrize(("addresses", "why"), [(None, "gaierror"), ([], "ForbiddenAddress")])
async def test_a_name_without_an_address_gives_no_facts(provider_of, names, caplog, addresses, why):
    names["provider.example"] = addresses
    assert await provider_of("http://provider.example/{domain}").list_facts("contoso.com") == {}
    assert caplog.messages == [f"No facts from provider.example: {why}, 1 in a row"]


async def test_a_name_that_cannot_be_one_gives_no_facts(provider_of):
    assert await provider_of(f"http://{'a' * 64}.example/{{domain}}").list_facts("contoso.com") == {}


async def test_a_resolver_that_hangs_costs_the_budget_and_one_thread(server, provider_of, names):
    release = threading.Event()
    names["provider.example"] = lambda: release.wait() and None
    provider = provider_of(server.url(host="provider.example"), budget=IMPATIENT)
    began = time.monotonic()
    try:
        found = await asyncio.gather(*(provider.list_facts(f"firm{number}.example") for number in range(20)))
        await provider.close()
        assert time.monotonic() - began < LITTLE
    finally:
        release.set()
    assert found == [{}] * 20
    assert len(names["asked"]) <= 1  # none, if the machine is busy


def test_the_shipped_provider_reaches_public_addresses_only():
    assert http_json.HttpJsonProvider.__init__.__kwdefaults__["may_reach"] is is_public_address
