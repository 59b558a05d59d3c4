"""E-mail addresses: what they tell, by syntax and lists alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.email import email_facts
from shared.leads.enrichment import EmailFacts

FIRMS = """
microsoft.com google.com apple.com amazon.com meta.com facebook.com oracle.com sap.com ibm.com intel.com
cisco.com hp.com salesforce.com adobe.com att.com verizon.com comcast.com cox.com rogers.com bell.ca
orange.com telekom.de vodafone.com vodafone.de bt.com sky.com telefonica.com telenor.com telia.com
swisscom.com kpn.com proximus.be telstra.com optus.com.au spark.co.nz ntt.com kddi.com nifty.com singtel.com
airtel.com jio.com safaricom.co.ke vodacom.co.za mtn.com etisalat.ae claro.com.br telmex.com siemens.com
bosch.com basf.com allianz.de lufthansa.com nestle.com novartis.com totalenergies.com airbus.com laposte.fr
renault.com shell.com unilever.com bbc.co.uk philips.com ikea.com ericsson.com maersk.com nokia.com eni.com
enel.it poste.it santander.com inditex.com edp.pt pkobp.pl allegro.pl cez.cz otpbank.hu emag.ro gazprom.ru
yandex-team.ru corp.mail.ru vk.company privatbank.ua kaspi.kz koc.com.tr turkcell.com.tr teva.co.il wix.com
aramco.com emirates.com qnb.com saudia.com orascom.com sonatrach.dz dangote.com naspers.com sasol.com
tata.com infosys.com hdfcbank.com rediff.com zohocorp.com alibaba.com tencent.com huawei.com lenovo.com
netease.com tsmc.com samsung.com navercorp.com kakaocorp.com sony.com toyota.co.jp softbankgroup.jp
rakuten.co.jp dbs.com grab.com petronas.com gojek.com vingroup.net sanook.com bhp.com xero.com
petrobras.com.br globo.com mercadolibre.com ypf.com falabella.cl bancolombia.com.co cemex.com jpmorgan.com
pfizer.com ge.com boeing.com disney.com nytimes.com proton.ch fastmailteam.com yahooinc.com freenet-group.de
united-internet.de name.com space.com test.de berlin.de contoso.com fabrikam.com cloud.com grail.com
gail.com
"""

FREE = """
gmail.com googlemail.com hotmail.com hotmail.it outlook.com outlook.kr live.com msn.com yahoo.com
yahoo.com.vn ymail.com icloud.com me.com aol.com proton.me protonmail.com tutanota.com fastmail.com hey.com
zohomail.com duck.com gmx.at gmx.net web.de t-online.de freenet.de posteo.de mailbox.org bluewin.ch aon.at
orange.fr free.fr laposte.net wanadoo.fr libero.it virgilio.it tiscali.it telefonica.net sapo.pt telenet.be
skynet.be ziggo.nl kpnmail.nl comhem.se online.no mail.dk luukku.com seznam.cz centrum.cz azet.sk wp.pl
o2.pl interia.pl onet.pl freemail.hu abv.bg inbox.lv mail.ee mail.ru bk.ru yandex.ru rambler.ru ukr.net i.ua
tut.by otenet.gr mynet.com ttmail.com walla.co.il maktoob.com rediffmail.com qq.com vip.qq.com foxmail.com
163.com 126.com yeah.net sina.com naver.com daum.net hanmail.net docomo.ne.jp ezweb.ne.jp mx.biglobe.ne.jp
singnet.com.sg telkom.net vnn.vn bigpond.com optusnet.com.au internode.on.net xtra.co.nz mweb.co.za
telkomsa.net uol.com.br bol.com.br terra.com.br ig.com.br prodigy.net.mx fibertel.com.ar cantv.net
comcast.net verizon.net att.net sbcglobal.net cox.net shaw.ca sympatico.ca videotron.ca btinternet.com
ntlworld.com talktalk.net eircom.net privaterelay.appleid.com
"""

SCHOOLS = """
mit.edu sydney.edu.au cs.ox.ac.uk tau.ac.il chs.k12.wa.us x.hs.kr tum.de ethz.ch univie.ac.at u-bordeaux.fr
polimi.it uniroma1.it unican.es tudelft.nl kuleuven.be kth.se helsinki.fi msu.ru utoronto.ca unam.mx usp.br
cuhk.edu.hk u-tokyo.ac.jp nus.edu.sg student.ubc.ca
"""

ROLES = """
info SALES support vertrieb einkauf buero büro achats compras contabilidad contato ufficio inkoop biuro
sprzedaz forsaljning myynti obchod muhasebe satinalma penjualan eigyo buhgalteria noreply no-reply
do_not_reply postmaster helpdesk accounts.payable hr it azure info.de sales-emea it-support info2 01.office
customer.service info+azure
"""
PEOPLE = "ada ada.lovelace info.ada sales.ada salesh officer itai mark bill max chase 123 j.kontakt ada+info"


@pytest.mark.parametrize("text", [None, ""])
def test_no_address_tells_nothing(text: str | None):
    assert email_facts(text) == EmailFacts()


@pytest.mark.parametrize(
    "text",
    [
        "n/a",
        "none",
        " ",
        "@",
        "ada@",
        "@fabrikam.example",
        "ada@fabrikam",
        "ada@localhost",
        "ada@invalid",
        "ada fabrikam@x.example",
        "ada@@x.example",
        "ada@x..example",
        "ada@[127.0.0.1]",
        "\u0000@x.example",
        "ada@" + "x" * 250 + ".example",
    ],
)
def test_what_is_no_address_is_only_invalid(text: str):
    assert email_facts(text) == EmailFacts(valid=False)


@given(st.one_of(st.text(), st.from_regex(r"\A\S+@\S+\.\S+\Z")))
def test_no_text_is_too_strange(text: str):
    facts = email_facts(text)
    assert facts.valid is None or facts.valid is (facts.domain is not None)
    assert facts == email_facts(text)


@pytest.mark.parametrize(
    ("text", "kind", "domain"),
    [
        pytest.param("ada@mail.contoso.co.uk", "corporate", "contoso.co.uk", id="a host of a firm"),
        pytest.param("ada@fabrikam.example", "corporate", "fabrikam.example", id="a firm of our samples"),
        pytest.param("ada@contoso.onmicrosoft.com", "tenant", "contoso.onmicrosoft.com", id="a tenant"),
        pytest.param(
            "ada@contoso.mail.onmicrosoft.com", "tenant", "contoso.onmicrosoft.com", id="its other name"
        ),
        pytest.param("ada@cs.ox.ac.uk", "education", "ox.ac.uk", id="a faculty"),
        pytest.param("ada@mailinator.com", "disposable", "mailinator.com", id="a throw-away mailbox"),
        pytest.param("ada@apple.edu.pl", "disposable", "apple.edu.pl", id="one that plays a school"),
        pytest.param(
            "ada@mail.tempmail.example", "disposable", "tempmail.example", id="one that no list has"
        ),
        pytest.param("ada@test.com", "test", "test.com", id="Microsoft's test leads"),
        pytest.param("ada@example.org", "test", "example.org", id="a reserved domain"),
        pytest.param("ada@fabrikam.test", "test", "fabrikam.test", id="a reserved ending"),
        pytest.param("ada@fabrikam.invalid", "test", "fabrikam.invalid", id="another"),
        pytest.param(
            "ada@ac.example", "corporate", "ac.example", id="a firm whose name looks like a university's"
        ),
        pytest.param("ada@education.example", "corporate", "education.example", id="likewise"),
        pytest.param(
            "ada@notgmail.com", "corporate", "notgmail.com", id="a firm whose name ends in a free one's"
        ),
        pytest.param(
            "ada@yahoo.example", "corporate", "yahoo.example", id="a brand where it has no mailboxes"
        ),
        pytest.param("ada@münchen.example", "corporate", "xn--mnchen-3ya.example", id="umlauts"),
    ],
)
def test_the_domain_tells_what_kind_of_mailbox_it_is(text: str, kind: str, domain: str):
    facts = email_facts(text.upper() if text.isascii() else text)
    assert (facts.valid, facts.kind, facts.domain) == (True, kind, domain)


@pytest.mark.parametrize(
    ("domains", "kind"),
    [
        pytest.param(FIRMS, "corporate", id="firms"),
        pytest.param(FREE, "free", id="providers"),
        pytest.param(SCHOOLS, "education", id="schools"),
    ],
)
def test_well_known_domains_of_all_continents_are_known(domains: str, kind: str):
    kinds = {domain: email_facts(f"ada@{domain}").kind for domain in domains.split()}
    assert kinds == dict.fromkeys(kinds, kind)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("  Ada@Fabrikam.EXAMPLE\n", "ada@fabrikam.example"),
        ("Ada.B+Azure@Fabrikam.example", "ada.b+azure@fabrikam.example"),
        ("jörg@münchen.example", "jörg@münchen.example"),
        ("jörg@xn--mnchen-3ya.example", "jörg@münchen.example"),
        ("\uff21da@fabrikam.example", "ada@fabrikam.example"),
        ("Ada@Fabrikam.INVALID", "ada@fabrikam.invalid"),
        ("MSFT_TEST_1@test.com", "msft_test_1@test.com"),
    ],
)
def test_an_address_is_trimmed_and_folded_and_keeps_tags_and_dots(text: str, canonical: str):
    assert email_facts(text).canonical == canonical


@pytest.mark.parametrize("name", ROLES.split())
def test_a_mailbox_of_a_function_is_known_by_its_name(name: str):
    assert email_facts(f"{name}@fabrikam.example").role_account is True


@pytest.mark.parametrize("name", PEOPLE.split())
def test_a_mailbox_of_a_person_is_none_of_a_function(name: str):
    assert email_facts(f"{name}@fabrikam.example").role_account is False


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("gmial.com", "gmail.com", id="swapped"),
        pytest.param("gmai.com", "gmail.com", id="missing"),
        pytest.param("yahooo.com", "yahoo.com", id="doubled"),
        pytest.param("hotnail.com", "hotmail.com", id="wrong"),
        pytest.param("gogglemal.com", "googlemail.com", id="two in a long name"),
        pytest.param("yaho.co.uk", "yahoo.co.uk", id="under a suffix of two parts"),
        pytest.param("outlook.con", "outlook.com", id="the ending"),
        pytest.param("live.cmo", "live.com", id="the ending of a short name"),
        pytest.param("hotmail.co", "hotmail.com", id="the ending, of another country"),
        pytest.param("hotmial.co", "hotmail.com", id="both"),
        pytest.param("gmail.fr", "gmail.com", id="a country where there is none"),
    ],
)
def test_a_misspelt_provider_has_no_kind_but_a_suggestion(written: str, meant: str):
    facts = email_facts(f"Ada.B@{written}")
    assert (facts.kind, facts.domain, facts.suggestion) == (None, written, f"ada.b@{meant}")


@pytest.mark.parametrize(
    "domains", [FIRMS, FREE, SCHOOLS, "yahoo.co live.co mail.gmial.com gail.co.in olive.com"]
)
def test_what_is_spelt_right_has_no_suggestion(domains: str):
    suggested = {domain: email_facts(f"ada@{domain}").suggestion for domain in domains.split()}
    assert not any(suggested.values())
