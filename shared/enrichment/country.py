"""Countries: ISO 3166-1 alpha-2 from what people write."""

import re
import unicodedata

from iso3166 import countries_by_alpha2, countries_by_alpha3, countries_by_apolitical_name, countries_by_name

from shared.enrichment.facts import CountryFacts

# Names that people write and the standard doesn't.
_ALIASES = {
    "u.s.": "US",
    "u.s.a.": "US",
    "united states": "US",
    "america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "united kingdom": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "deutschland": "DE",
    "österreich": "AT",
    "schweiz": "CH",
    "suisse": "CH",
    "españa": "ES",
    "italia": "IT",
    "brasil": "BR",
    "méxico": "MX",
    "nederland": "NL",
    "the netherlands": "NL",
    "polska": "PL",
    "sverige": "SE",
    "norge": "NO",
    "danmark": "DK",
    "suomi": "FI",
    "türkiye": "TR",
    "turkey": "TR",
    "日本": "JP",
    "中国": "CN",
    "russia": "RU",
    "south korea": "KR",
    "vietnam": "VN",
    "czech republic": "CZ",
    "uae": "AE",
}


def country_code(text: str | None) -> str | None:
    """ISO 3166-1 alpha-2 of a code or name; None if it is none we know: absent beats wrong."""
    written = " ".join(unicodedata.normalize("NFKC", text or "").split())
    folded, upper = written.casefold(), written.upper()
    if folded in _ALIASES:
        return _ALIASES[folded]
    if re.fullmatch(r"[A-Za-z]{2}", written):
        return upper if upper in countries_by_alpha2 else None
    country = (
        countries_by_alpha3.get(upper)
        or countries_by_name.get(upper)
        or countries_by_apolitical_name.get(upper)
    )
    return country.alpha2 if country else None


def country_facts(text: str | None, phone_country: str | None) -> CountryFacts:
    """What the customer wrote; else the country of their phone number."""
    pushed = country_code(text)
    if pushed:
        return CountryFacts(code=pushed, from_="pushed")
    return CountryFacts(code=phone_country, from_="phone" if phone_country else None)
