"""Companies: one key for one firm, however it is written."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.company import company_facts, company_key
from shared.enrichment.email import email_facts
from shared.leads.enrichment import CompanyFacts, EmailFacts

# A firm a line, the spellings apart by |.
FIRMS = """
Contoso|CONTOSO|contoso|The Contoso Company|Contoso, Inc.|Contoso Ltd.|Contoso Limited|Contoso LLC|Contoso PLC
Contoso|Contoso Pty Ltd|Contoso (Pty) Ltd|Contoso (P) Ltd|Contoso Pvt. Ltd.|Contoso Sdn. Bhd.|PT Contoso Tbk
Contoso|Contoso GmbH & Co. KG|Contoso SE & Co. KGaA|Contoso e.K.|Contoso e.V.|Contoso UG (haftungsbeschränkt)
Contoso|Contoso S.A.|Contoso SARL|SARL Contoso|Contoso S.p.A.|Contoso S.r.l.s.|Contoso S.A. de C.V.
Contoso|Contoso S/A|Contoso Ltda - ME|Contoso EIRELI|Contoso, Lda|Contoso B.V.|Contoso V.O.F.|Contoso A/S
Contoso|Contoso Oyj|Contoso Sp. z o.o. sp. k.|Contoso spol. s r.o.|Contoso a.s.|Contoso d.o.o.|Contoso Zrt.
Contoso|Contoso San. ve Tic. A.Ş.|Contoso Ltd. Şti.|ООО «Contoso»|Contoso FZ-LLC|Contoso W.L.L.|Contoso JSC
Contoso|Contoso Co., Ltd.|Contoso K.K.|株式会社Contoso|(株)Contoso|주식회사 Contoso|Contoso (NASDAQ: CTSO)
Contoso|contoso.com|https://www.contoso.com/|Contoso.com, Inc.|Contoso™|"Contoso"
Contoso|Contoso dba Northwind|Contoso Ltd,|contoso ag|Contoso Ltd (a/k/a Northwind)
Data Works|DataWorks|DATA-WORKS|data.works
Müller GmbH|Mueller|MULLER AG
Bräuer Möbel|Braeuer Moebel|Brauer Mobel
Europäische Reise AG|Europaeische Reise|EUROPAISCHE REISE
Ørsted A/S|Orsted|Oersted
Ålborg Portland|Aalborg Portland|Alborg Portland
Mærsk|Maersk
Škoda Auto|Skoda Auto
Łódź Transport|Lodz Transport
Türkiye İş Bankası A.Ş.|TURKIYE IS BANKASI AŞ
Weiß & Söhne|WEISS UND SOEHNE
Société Générale|SOCIETE GENERALE S.A.
Marks & Spencer|Marks and Spencer|MARKS&SPENCER
AT&T|AT & T Inc.|A.T.&T.
Silva e Filhos Ltda|Silva & Filhos
García y Hijos S.L.|Garcia & Hijos
Jansen en Zonen|Jansen & Zonen
Inversiones Ríos y Cía. Ltda.|Inversiones Rios
McDonald's|McDonalds
Day Spa|DAY SPA LLC
Ferrero Spa|Ferrero S.p.A.
Plan A|Plan A GmbH
株式会社トヨタ|トヨタ株式会社|㈱トヨタ|ﾄﾖﾀ(株)|トヨタ
华为技术有限公司|华为技术
삼성전자 주식회사|(주)삼성전자|㈜삼성전자
ООО «Ромашка»|Ромашка, ООО|РОМАШКА|Общество с ограниченной ответственностью «Ромашка»
บริษัท เอบีซี จำกัด (มหาชน)|เอบีซี
אלביט בע"מ|אלביט
Ντέλτα Α.Ε.|ΝΤΕΛΤΑ
"""  # noqa: RUF001

NO_FIRMS = """
-|...|n/a|N.A.|none|test|Private|Privatperson|selbständig|selbststaendig|Self-Employed|freelance designer
individual|student|unemployed|aucun|particulier|autónomo|sin empresa|nenhuma|libero professionista|geen|ingen
zzp'er|brak|osoba prywatna|нет|частное лицо|yok|nincs|なし|個人|个人|없음|xxx|asdf|12345|111|gmail|😀
ada@gmail.com
"""


@pytest.mark.parametrize("spellings", FIRMS.strip().splitlines())
def test_one_firm_has_one_key(spellings: str):
    first, *others = spellings.split("|")
    assert company_key(first)
    assert {other: company_key(other) for other in others} == dict.fromkeys(others, company_key(first))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Contoso", "Contoso Group"),
        ("Contoso Germany", "Contoso France"),
        ("Fund I LP", "Fund II LP"),
        ("Vitamin E", "Vitamin"),
        ("Liceo E. Amaldi", "Liceo Amaldi"),
        ("Plan A", "Plan B"),
        ("Smith & Sons", "Smith"),
        ("Müller", "Möller"),
        ("Bauer", "Baur"),
        ("Blue Sky", "Blu Sky"),
        ("AG", "GmbH"),
        ("SAS Institute", "Institute"),
        ("CV Library", "Library"),
        ("バス", "ハス"),
        ("किताब", "कताब"),
        ("ปลา", "ปล"),
        ("中国银行", "中国工商银行"),
    ],
)
def test_two_firms_have_two_keys(one: str, other: str):
    assert company_key(one) != company_key(other)


@pytest.mark.parametrize("name", ["The Company", "Inc", "AG", "GmbH", "Ltd.", "株式会社", "S.A."])
def test_a_name_of_nothing_but_such_words_keeps_a_key(name: str):
    assert company_key(name)


@pytest.mark.parametrize("name", [None, "", " ", *NO_FIRMS.replace("\n", "|").strip("|").split("|")])
def test_what_names_no_firm_has_neither_key_nor_name(name: str | None):
    assert company_facts(name, EmailFacts()) == CompanyFacts()


@pytest.mark.parametrize(
    "name", ["3M", "37signals", "ABC", "Private Bank", "Testo SE", "Student Loans Co", "1&1", "O2"]
)
def test_a_firm_with_a_strange_name_is_a_firm(name: str):
    assert company_key(name)


@given(st.text())
def test_no_text_is_too_strange(name: str):
    facts = company_facts(name, EmailFacts())
    assert facts == company_facts(name, EmailFacts())
    assert facts.key == company_key(name)


@given(
    st.sampled_from(["Contoso", "Data Works", "Müller & Söhne", "トヨタ", "Ромашка", "टाटा मोटर्स"]),
    st.sampled_from(
        ["", " Ltd", ", Inc.", " GmbH & Co. KG", " S.A. de C.V.", " Sp. z o.o.", " a.s.", "株式会社"]
    ),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_forms_and_capitals_change_no_key(name: str, form: str, written: Callable[[str], str]):
    assert company_key(written(name + form)) == company_key(name)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("  Contoso\t Ltd ", "Contoso Ltd"),
        ('"Contoso Ltd."', "Contoso Ltd."),
        ("«Ромашка»", "Ромашка"),
        ("АО «Ромашка»", "АО «Ромашка»"),  # noqa: RUF001
        ('"A" and "B"', '"A" and "B"'),
        ("Contoso Ltd,", "Contoso Ltd"),
        ("Con\u0000to\u200bso", "Contoso"),
    ],
)
def test_a_name_is_shown_as_written_but_tidied(written: str, name: str):
    assert company_facts(written, EmailFacts()).name == name


@pytest.mark.parametrize(
    ("kind", "domain"),
    [
        ("corporate", "x.example"),
        ("tenant", "x.example"),
        ("education", "x.example"),
        ("free", None),
        ("disposable", None),
        ("test", None),
        (None, None),
    ],
)
def test_only_the_address_of_an_organisation_tells_its_domain(kind: str | None, domain: str | None):
    facts = company_facts("Contoso Ltd", EmailFacts(kind=kind, domain="x.example"))
    assert facts == CompanyFacts(name="Contoso Ltd", key="contoso", domain=domain)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("ada@fabrikam.com", "fabrikam"),
        ("ada@mail.fabrikam.co.uk", "fabrikam"),
        ("ada@müller-gmbh.example", "muller"),
        ("ada@gmail.com", None),
        ("ada@mailinator.com", None),
        ("ada@fabrikam.onmicrosoft.com", None),
        ("ada@mit.edu", None),
        ("ada@test.com", None),
        ("ada@gmial.com", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("name", [None, "n/a"])
def test_a_firm_without_a_name_is_called_by_its_own_domain(
    name: str | None, address: str | None, key: str | None
):
    facts = company_facts(name, email_facts(address))
    assert (facts.name, facts.key) == (None, key)
