"""Countries: a code where what people write is plain, nothing where it isn't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso3166 import countries

from shared.enrichment.country import country_code, country_facts
from shared.leads.enrichment import CountryFacts
from tests.strategies import examples

ISO = {country.alpha2 for country in countries}


def rows(table: dict[str, str]):
    """A code and a text for every text between the bars."""
    return [(code, text.strip()) for code, texts in table.items() for text in texts.split("|")]


AS_CODES_AND_NAMES = {
    "US": "US | us | USA | usa | U.S. | "
    "U.S.A. | U S A | United States | UNITED  STATES of america | US of A | the US",
    "GB": "GB | UK | uk | U.K. | GBR | "
    "United Kingdom | Great Britain | England | Scotland | Wales | Northern Ireland",
    "DE": "DE | De | DEU | GER | Germany | GERMANY. | Federal Republic of Germany | BRD",
    "AE": "UAE | U.A.E. | United Arab Emirates | Emirates | VAE",
    "SA": "KSA | Saudi Arabia | Kingdom of Saudi Arabia",
    "CN": "PRC | P.R. China | PR China | People's Republic of China | China (PRC)",
    "TW": "Taiwan | R.O.C. | Taiwan (R.O.C.) | Republic of China | Taiwan, Province of China | Taiwan, China",
    "HK": "Hong Kong | Hong-Kong | Hong Kong SAR | Hong Kong (SAR) | Hong Kong, China | HKSAR",
    "MO": "Macau | Macao | Macau SAR",
    "KR": "Korea | South Korea | Korea, South | S. Korea | "
    "ROK | Republic of Korea | Korea, Republic of | Korea (Rep.)",
    "KP": "North Korea | Korea (North) | DPRK | Korea DPR | Democratic People's Republic of Korea",
    "CD": "DRC | DR Congo | "
    "Congo (Kinshasa) | Democratic Republic of the Congo | Congo, Democratic Republic of the",
    "CG": "Republic of the Congo | Congo-Brazzaville",
    "ZA": "RSA | South Africa | Republic of South Africa",
    "NZ": "NZ | N.Z. | New Zealand | Aotearoa",
    "CZ": "Czechia | Czech Republic | The Czech Republic | Czech Rep.",
    "NL": "Netherlands | The Netherlands | Netherlands, The | Netherlands (the) | Holland",
    "MK": "Macedonia | North Macedonia | FYROM",
    "MM": "Burma | Myanmar (Burma)",
    "SZ": "Swaziland | Eswatini",
    "CV": "Cape Verde | Cabo Verde",
    "TL": "East Timor | Timor-Leste",
    "IR": "Iran | Iran (Islamic Republic of) | Islamic Republic of Iran",
    "TZ": "Tanzania | Tanzania, United Republic of | United Republic of Tanzania",
    "BO": "Bolivia | Bolivia (Plurinational State of)",
    "MD": "Moldova | Republic of Moldova | Moldavia",
    "GR": "GR | EL | Greece | Hellas",
    "IE": "Ireland | Eire | Republic of Ireland | Ireland (Republic of)",
    "VI": "US Virgin Islands | Virgin Islands, U.S. | USVI",
    "VG": "British Virgin Islands | Virgin Islands (British) | BVI",
    "GW": "Guinea-Bissau | Guinea (Bissau)",
    "GQ": "Equatorial Guinea | Guinea, Equatorial",
    "KN": "St Kitts & Nevis | Saint Kitts and Nevis",
    "BA": "Bosnia | Bosnia-Herzegovina | Bosnia & Herzegovina | Bosnia &amp; Herzegovina",
    "GE": "Georgia | Republic of Georgia",
    "NE": "Niger",
    "NG": "Nigeria",
    "NA": "NA | NAM | Namibia",
    "XK": "Kosovo",
}
IN_MANY_LANGUAGES = {
    "US": "Estados Unidos | EE.UU. | EEUU | EUA | États-Unis | É.-U. | "
    "Stati Uniti d'America | ABD | США | 美国 | 미국 | Mỹ",
    "GB": "Royaume-Uni | Großbritannien | Grossbritannien | Reino Unido | "
    "İngiltere | INGILTERE | Англия | イギリス | 영국",
    "DE": "Deutschland | DEUTSCHLAND | Allemagne | l'Allemagne | Alemania | "
    "Germania | Tyskland | Niemcy | ألمانيا | ドイツ",
    "TR": "Türkiye | TÜRKİYE | TURKIYE | türkiye | Türkei | Tuerkei | Turquía | Турция",
    "ES": "España | ESPAÑA | Espan\u0303a | Espana | Spanien | Espagne | Hiszpania",
    "MX": "México | MEXICO | Mexiko | Mexique",
    "PE": "Perú | El Perú | Peru",
    "BR": "Brasil | Brésil | Brazilië",
    "AT": "Österreich | Oesterreich | Autriche",
    "CH": "Schweiz | die Schweiz | La Suisse | Svizzera | Sveits",
    "NL": "Nederland | Les Pays-Bas | Países Bajos | die Niederlande | Holanda | 荷兰",
    "CI": "Côte d'Ivoire | CÔTE D\u2019IVOIRE | Elfenbeinküste | Costa de Marfil",
    "NO": "Norge | Noreg | Norwegen | Norvège",
    "JP": "日本 | 日本国 | Japon | 일본 | Япония",
    "CN": "中国 | 中國 | 中华人民共和国 | Çin | Volksrepublik China",
    "TW": "台灣 | 臺灣 | 台湾 | 대만",
    "KR": "한국 | 대한민국 | 韓国 | 韩国 | Südkorea | Corée du Sud",
    "HK": "香港 | 香港特別行政區",
    "SA": "السعودية | المملكة العربية السعودية | Arabia Saudita",
    "GR": "Ελλάδα | ΕΛΛΑΔΑ | Griechenland",
    "RU": "Россия | РОССИЯ | РФ | Rusland | Rosja",
    "IN": "भारत | Indien | Inde",
    "IL": "ישראל | Israël",
    "TH": "ประเทศไทย | ไทย",
    "VN": "Việt Nam | Viet Nam | 越南",
    "FI": "Suomi | Finnland",
    "HU": "Magyarország | Ungarn",
    "HR": "Hrvatska | Kroatien",
}
WITH_NOISE = {
    "US": "\uff35\uff33 | US - United States | "
    "United States (US) | \U0001f1fa\U0001f1f8 United States | \U0001f1fa\U0001f1f8",
    "DE": "Germany (DE) | DE-Germany | GERMANY DE | "
    "[Germany] | Germany (+49) | Deutschland / Germany | Europe / Germany",
    "FR": "FRANCE (FR) | Paris, France | \u201cFrance\u201d | France - Paris",
    "GB": "London, UK | Edinburgh, Scotland, UK | United Kingdom/England",
    "CA": "Toronto, ON, Canada | Canada (CA)",
    "IN": "India, IN | Mumbai, India",
    "AE": "Dubai, UAE",
    "TR": "TÃ¼rkiye | T&uuml;rkiye",
    "CI": "C\u00c3\u00b4te d'Ivoire",
    "ES": "EspaÃ±a | ***España***",
}
MISSPELT = {
    "DE": "Germny | Gemany | Deutchland | Allemange",
    "US": "Untied States | Unites States of America | Vereinigte Staten",
    "GB": "Untied Kingdom | United Kindom | Great Britian | Englnad",
    "IN": "Inda | Inida",
    "JP": "Jpan",
    "TH": "Thialand",
    "PH": "Phillipines | Philipines",
    "CH": "Switzerlnad",
    "NL": "The Netherland | Neterlands",
    "BR": "Brazill | Barzil",
    "CO": "Colmbia",
    "VE": "Venezuala",
    "SE": "Sweeden | Swedan",
    "ZA": "Suth Africa",
    "KR": "Sout Korea | South Corea",
    "AU": "Australa | Austrailia",
    "NZ": "New Zeland | Newzeland",
    "LI": "Lichtenstien",
    "IE": "Republic of Irelnd",
    "SA": "Saudi Arabai",
    "AE": "United Arab Emirats",
    "RU": "Росия",
}


@pytest.mark.parametrize(
    ("code", "text"), rows(AS_CODES_AND_NAMES) + rows(IN_MANY_LANGUAGES) + rows(WITH_NOISE)
)
def test_a_country_is_known_by_code_and_by_name(code: str, text: str):
    assert country_facts(text, None) == CountryFacts(code=code, from_="pushed")


@pytest.mark.parametrize(("code", "text"), rows(MISSPELT))
def test_a_clear_misspelling_is_understood_and_said_to_be_one(code: str, text: str):
    assert country_facts(text, None) == CountryFacts(code=code, from_="spelling")


@pytest.mark.parametrize(
    "text", [None, "", " ", "-", "?", "n/a", "N/A", "n.a.", "na", "none", "null", "test", "XX", "AA"]
)
def test_nothing_written_is_no_country(text: str | None):
    assert country_code(text) is None


@pytest.mark.parametrize(
    "text", ["840", "+49", "10115", "EU", "UN", "ZZZ", "IT / Software", "de-DE", "\U0001f600", "日", "\ud800"]
)
def test_numbers_junk_and_other_codes_are_none(text: str):
    assert country_code(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Congo",
            "Kongo",
            "Конго",
            "Virgin Islands",
            "Korea or Japan",
            "Yugoslavia",
            "USSR",
            "Northern Cyprus",
        ),
        *(
            "US or DE",
            "DE/AT/CH",
            "USA / Canada",
            "Germany, Austria",
            "Austria (Germany)",
            "Scandinavia",
            "DACH",
        ),
    ],
)
def test_what_means_two_countries_is_none(text: str):
    assert country_code(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Europe",
            "Africa",
            "Asia",
            "North America",
            "Lateinamerika",
            "European Union",
            "EMEA",
            "Worldwide",
        ),
        *(
            "Paris",
            "London",
            "New York",
            "Los Angeles, CA",
            "Springfield, IL",
            "Atlanta, Georgia",
            "Toluca, MEX",
        ),
        *(
            "California",
            "Texas",
            "Bavaria",
            "New Mexico",
            "State of Georgia",
            "South Australia",
            "Lebanon, OH",
        ),
        *(
            "Air France",
            "Bank of China",
            "Germany GmbH",
            "Atlantis",
            "The",
            "Republic of",
            "La Paz",
            "Islands",
        ),
    ],
)
def test_continents_cities_states_and_firms_are_no_country(text: str):
    assert country_code(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Siberia",
            "Prussia",
            "Iberia",
            "Caledonia",
            "Styria",
            "Konya",
            "Chiba",
            "Granada",
            "Samos",
            "Lagos",
        ),
        *("Luanda", "Colombo", "Vienna", "Bologna", "Almería", "Susan", "Georgina", "Cameron", "Kurdistan"),
        *(
            "Slovania",
            "Iseland",
            "Nouth Korea",
            "Nigera",
            "Austrlia",
            "Austra",
            "Oakland",
            "Ruritania",
            "Indra",
        ),
    ],
)
def test_another_word_and_what_is_near_to_two_names_is_no_misspelling(text: str):
    assert country_code(text) is None


def test_every_code_and_official_name_of_the_standard_is_known_but_for_congo_alone():
    texts = {
        text: country.alpha2
        for country in countries
        for text in (country.alpha2, country.alpha3, country.name, country.apolitical_name)
    }
    del texts["Congo"]
    assert {text: country_code(text) for text in texts} == texts


@given(st.text(max_size=120))
@examples(300)
def test_any_text_is_a_code_of_the_standard_or_none(text: str):
    assert country_code(text) in {None, *ISO}


@given(
    st.sampled_from(sorted(ISO)),
    st.sampled_from([" ", ".", ",", " - ", "/", "(", "|", "\u00a0"]),
    st.text(max_size=9),
)
@examples(300)
def test_noise_around_a_code_gives_no_code_outside_the_standard(code: str, between: str, noise: str):
    assert country_code(f"{code}{between}{noise}") in {None, *ISO}


@given(st.sampled_from(rows(AS_CODES_AND_NAMES)))
@examples(100)
def test_blanks_case_and_full_stops_around_change_nothing(row: tuple[str, str]):
    code, text = row
    if len(text) > 2:
        assert country_code(f"  {text.swapcase()} . ") == code


def test_a_text_is_read_to_its_hundredth_character_and_no_further():
    assert country_code(" " * 80 + "Germany") == "DE"
    assert country_code(" " * 100 + "Germany") is None
    assert country_code("x" * 1_000_000) is None


@pytest.mark.parametrize(
    ("text", "by_phone", "domain", "facts"),
    [
        pytest.param(
            "Norge", "US", "x.de", CountryFacts(code="NO", from_="pushed"), id="what they wrote comes first"
        ),
        pytest.param("Norwey", "US", "x.de", CountryFacts(code="NO", from_="spelling"), id="even misspelt"),
        pytest.param(
            "Atlantis", "US", "x.de", CountryFacts(code="US", from_="phone"), id="then their number"
        ),
        pytest.param(None, "US", None, CountryFacts(code="US", from_="phone"), id="they wrote nothing"),
        pytest.param(
            "Atlantis", None, "contoso.de", CountryFacts(code="DE", from_="domain"), id="then their domain"
        ),
        pytest.param(
            None, None, "contoso.co.uk", CountryFacts(code="GB", from_="domain"), id="Britain's is .uk"
        ),
        pytest.param(
            None, None, "contoso.com.br", CountryFacts(code="BR", from_="domain"), id="below .com.br"
        ),
        pytest.param("Atlantis", None, None, CountryFacts(), id="nothing is known"),
    ],
)
def test_a_country_says_how_we_know_it(text, by_phone: str | None, domain: str | None, facts: CountryFacts):
    assert country_facts(text, by_phone, domain) == facts


@pytest.mark.parametrize(
    "domain",
    [
        *("contoso.com", "contoso.io", "contoso.ai", "contoso.co", "contoso.me", "contoso.tv", "contoso.ly"),
        *("contoso.eu", "contoso.gg", "contoso.fm", "contoso.to", "contoso.ws", "contoso.example", "", "."),
    ],
)
def test_an_ending_that_anybody_takes_tells_no_country(domain: str):
    assert country_facts(None, None, domain) == CountryFacts()
