"""Domains: what of a host somebody registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.enrichment import gold
from shared.enrichment.domain import Domain, domain_of, hosts_up_to, is_tenant, readable

HOSTS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}(\.[a-z0-9][a-z0-9-]{0,8}){0,5}", fullmatch=True)


@pytest.mark.parametrize(
    ("host", "label", "suffix"),
    [
        pytest.param("fabrikam.com", "fabrikam", "com", id="a domain is its own"),
        pytest.param("mail.contoso.co.uk", "contoso", "co.uk", id="a suffix of two parts"),
        pytest.param("a.b.contoso.example", "contoso", "example", id="a suffix that no list knows"),
        pytest.param("x.github.io", "github", "io", id="a suffix that a firm offers is the firm's"),
        pytest.param("x.city.kawasaki.jp", "city", "kawasaki.jp", id="an exception of the list"),
        pytest.param("mail.xn--mnchen-3ya.example", "xn--mnchen-3ya", "example", id="umlauts"),
        pytest.param("www.contoso.xn--55qx5d.cn", "contoso", "xn--55qx5d.cn", id="a Chinese suffix"),
        pytest.param("xn--a.de", "xn--a", "de", id="what can't be read"),
    ],
)
def test_a_host_belongs_to_the_domain_that_somebody_registered(host: str, label: str, suffix: str):
    assert domain_of(host) == Domain(f"{label}.{suffix}", label, suffix)


@pytest.mark.parametrize(
    ("host", "tenant"),
    [
        ("contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
        ("contoso.mail.onmicrosoft.com", "contoso.onmicrosoft.com"),
        ("x.contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
        ("contoso.partner.onmschina.cn", "contoso.partner.onmschina.cn"),
        ("mail.onmicrosoft.com", "mail.onmicrosoft.com"),
    ],
)
def test_a_tenant_of_microsoft_is_a_domain_of_its_own(host: str, tenant: str):
    domain = domain_of(host)
    assert (domain.name, is_tenant(domain)) == (tenant, True)


@pytest.mark.parametrize("host", ["onmicrosoft.com", "notonmicrosoft.com", "x.onmicrosoft.com.example"])
def test_what_only_looks_like_a_tenant_is_none(host: str):
    assert not is_tenant(domain_of(host))


@pytest.mark.parametrize("host", ["com", "co.uk"])
def test_a_public_suffix_has_no_label(host: str):
    assert domain_of(host) == Domain(host, "", host)


def test_the_hosts_above_another_end_with_its_domain():
    hosts = ["a.b.contoso.co.uk", "b.contoso.co.uk", "contoso.co.uk"]
    assert hosts_up_to(hosts[0], domain_of(hosts[0])) == hosts


@given(HOSTS)
def test_a_domain_is_the_end_of_its_host(host: str):
    domain = domain_of(host)
    assert hosts_up_to(host, domain)[0] == host
    assert is_tenant(domain) or host == domain.name or host.endswith("." + domain.name)
    assert domain_of(domain.name) == domain


@pytest.mark.parametrize(
    ("host", "read"),
    [
        ("xn--mnchen-3ya.example", "münchen.example"),
        ("fabrikam.com", "fabrikam.com"),
        ("xn--a.de", "xn--a.de"),
    ],
)
def test_an_encoded_host_can_be_read(host: str, read: str):
    assert readable(host) == read


@pytest.mark.parametrize("row", gold("domains_field"), ids=lambda row: f"{row['host_a']} {row['host_b']}")
def test_names_sold_under_a_private_suffix_are_domains_of_their_own(row: dict[str, str]):
    assert (domain_of(row["host_a"]).name == domain_of(row["host_b"]).name) is (row["same"] == "1")
