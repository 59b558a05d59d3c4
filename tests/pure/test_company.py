"""Companies: one key for one firm, however it is written."""

import pytest

from shared.enrichment.company import company_facts, company_key
from shared.enrichment.facts import CompanyFacts, EmailFacts


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (
            "contoso",
            [
                "Contoso",
                "CONTOSO",
                " contoso ",
                "Contoso Ltd",
                "Contoso Ltd.",
                "Contoso, Inc.",
                "Contoso GmbH",
            ],
        ),
        ("contoso", ["Contoso AG", "Contoso S.A.", "Contoso AS", "Contoso GmbH & Co. KG", "\uff23ontoso"]),
        ("woodgrove bank", ["Woodgrove Bank ASA", "WOODGROVE-BANK", "Woodgrove  Bank"]),
        ("societe generale", ["Société Générale", "SOCIETE GENERALE S.A."]),
        ("muller", ["Müller GmbH", "Mu\u0308ller"]),
        ("at and t", ["AT&T", "AT & T Inc."]),
        ("3m", ["3M", "3M Inc"]),
        ("株式会社トヨタ", ["株式会社トヨタ"]),
    ],
)
def test_one_firm_has_one_key(key: str, names: list[str]):
    assert {name: company_key(name) for name in names} == dict.fromkeys(names, key)


@pytest.mark.parametrize("name", [None, "", " ", "-", "!?", "GmbH", "Ltd."])
def test_what_names_no_firm_has_no_key(name: str | None):
    assert company_key(name) is None


@pytest.mark.parametrize(
    ("kind", "domain"),
    [
        ("corporate", "x.example"),
        ("tenant", "x.example"),
        ("education", "x.example"),
        ("free", None),
        ("disposable", None),
        (None, None),
    ],
)
def test_only_the_address_of_a_firm_tells_its_domain(kind: str | None, domain: str | None):
    facts = company_facts("Contoso Ltd", EmailFacts(kind=kind, domain="x.example"))
    assert facts == CompanyFacts(name="Contoso Ltd", key="contoso", domain=domain)
