"""Names of countries, and the languages that their people speak, from CLDR (by Babel) and our own lists."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, localedata
from babel.core import get_cldr_version, get_global
from iso3166 import countries

from shared.enrichment.country import LEAST_LETTERS, allowed_typos, fold
from shared.enrichment.spelling import edit_distance

_HERE = Path(__file__).parent
_ISO = {country.alpha2: country for country in countries}

# The languages in which a name may be misspelt: those of much business, in alphabets where one letter more
# or less is a typing error; the most spoken first. In the others only the exact name matches.
_FUZZY_LANGUAGES = "en de fr es it pt nl sv da nb fi pl cs sk hu ro hr tr id ru uk bg el"
_EXACT_LANGUAGES = (
    "af ar az be bn bs ca cy et eu fa fil gl he hi hy is ja ka kk ko ky lt lv mk ml mn mr ms mt ne nn sl sq "
    "sr sr_Latn sw ta te th ur uz vi zh zh_Hant"
)
_FUZZY, _EXACT = _FUZZY_LANGUAGES.split(), _EXACT_LANGUAGES.split()
_WIDELY_SPOKEN = 7  # the first so many of them
_LANGUAGES_BY_LETTERS = {5: 1, 6: 6}  # likewise, by the letters of a name; all for longer names
_FUZZY_ALPHABETS = re.compile("[a-z\u0370-\u04ff]")
# Many names begin like this: the rest of one is too similar to that of another.
_COMMON_BEGINNINGS = (
    "saint",
    "sankt",
    "santa",
    "stkitts",
    "stlucia",
    "stvin",
    "republi",
    "kingdomof",
    "stateof",
)
# Territories with so few people that a word like their names hardly ever means them.
_SMALL = (
    "AI AQ AS AW AX BL BQ BV CC CK CX EH FK FM FO GD GF GG GL GP GS GU HM IM IO JE KI KM KN LC MF MH MP MQ "
    "MS NC NF NR NU PF PM PN PW RE SH SJ ST SX TC TF TK TO TV UM VA VC VG VI WF WS YT"
)
_AND = frozenset(
    ("and", "und", "et", "y", "e", "en", "og", "och", "i", "ja", "a", "\u00e9s", "si", "ve", "in", "\u0438")
)
_UMLAUTS = str.maketrans({"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue"})

_LEAST_SHARE = 80.0  # percent of a country's people
# Paraguay: CLDR counts those who speak only Guarani or only Spanish, and most speak both.
_NO_ONE_LANGUAGE = frozenset({"PY"})
_ISO_639_1 = {"nb": "no", "nn": "no", "fil": "tl"}

_MADE = "# Made by `python -m local.data` from "


def country_names() -> str:
    """Code, names that may be misspelt, further names; last, without a code, words that are no country."""
    own, others = _own_names(), _other_words()
    fuzzy = _merged(own, _code_names(), _official_names(), _names_in(_FUZZY[:1]), _names_in(_FUZZY))
    names = _without(_merged(fuzzy, _names_in(_EXACT)), others)
    may_be_misspelt = {name for name in fuzzy.keys() & names.keys() if _may_be_misspelt(name, names[name])}
    rows = []
    for code in sorted(_ISO):
        of_country = sorted(name for name in names if names[name] == code)
        usual, further = (
            [name for name in of_country if (name in may_be_misspelt) is yes] for yes in (True, False)
        )
        rows.append(f"{code}\t{' '.join(usual)}\t{' '.join(further)}")
    words = _names_anywhere() | _cldr_words() | dict.fromkeys(others, "")
    near = _near_words(words, names, may_be_misspelt)
    source = f"CLDR {get_cldr_version()}, iso3166, everyday_names.tsv and other_words.txt."
    return "\n".join([_MADE + source, *rows, "\t" + " ".join(near)]) + "\n"


def country_languages() -> str:
    """Code and ISO 639-1 language, where one official language is spoken by at least four of five."""
    shares = get_global("territory_languages")
    rows = []
    for code in sorted(_ISO.keys() - _NO_ONE_LANGUAGE):
        spoken = {
            _ISO_639_1.get(language, language)
            for language, facts in _by_base(shares.get(code, {}))
            if facts["official_status"] in ("official", "de_facto_official")
            and facts["population_percent"] >= _LEAST_SHARE
        }
        known = [language for language in spoken if len(language) == 2]
        rows += [f"{code}\t{language}" for language in known if len(known) == 1]
    return "\n".join([f"{_MADE}CLDR {get_cldr_version()}.", *rows]) + "\n"


def _own_names() -> dict[str, str]:
    rows = (line.split("\t") for line in _lines("everyday_names.tsv"))
    return {fold(name): code for code, names in rows for name in names.split(";")}


def _other_words() -> set[str]:
    return {fold(word) for line in _lines("other_words.txt") for word in line.split()}


def _lines(file: str) -> list[str]:
    lines = (_HERE / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _code_names() -> dict[str, str]:
    return {country.alpha3.casefold(): code for code, country in _ISO.items()}


def _official_names() -> dict[str, str]:
    """`Tanzania, United Republic of` as it is, with its parts swapped, and its first part alone."""
    names = {}
    for code, country in _ISO.items():
        head, _, tail = country.name.partition(",")
        for name in _written(country.name, "en"):
            names[fold(name)] = code
        if tail:
            names |= {fold(f"{tail} {head}"): code, fold(head): code}
    return names


def _names_in(languages: Iterable[str]) -> dict[str, str]:
    """CLDR's names in these languages; a name of two countries is left out."""
    meanings: dict[str, set[str]] = {}
    for language in languages:
        for code, name in Locale.parse(language).territories.items():
            for written in _written(name, language) if code in _ISO else ():
                meanings.setdefault(fold(written), set()).add(code)
    return {name: min(codes) for name, codes in meanings.items() if len(codes) == 1 and not _is_short(name)}


def _may_be_misspelt(name: str, code: str) -> bool:
    """Whether a word that is nearly this name means this country, not something else.

    The shorter a name, the more words are similar to it: a short one may be misspelt in the most spoken
    languages only.
    """
    if len(name) < LEAST_LETTERS or code in _SMALL.split() or name.startswith(_COMMON_BEGINNINGS):
        return False
    languages = _FUZZY[: _LANGUAGES_BY_LETTERS.get(len(name), len(_FUZZY))]
    return bool(_FUZZY_ALPHABETS.match(name)) and name in _fuzzy_names(*languages)


@cache
def _fuzzy_names(*languages: str) -> set[str]:
    return (
        _official_names().keys()
        | _names_in(languages).keys()
        | (_own_names().keys() if languages[1:] else set())
    )


def _is_short(name: str) -> bool:
    """Whether it is so short that it may be a code or any word; a name with an accent is neither."""
    return name.isascii() and len(name) <= 3


def _written(name: str, language: str) -> Iterator[str]:
    """A name as CLDR has it, then without brackets, without `and`, and in German with `ae` for `ä`."""
    yield name
    bare = re.sub(r"\s*[(\[].*?[)\]]", "", name)
    yield bare
    yield " ".join(word for word in bare.split() if word.casefold() not in _AND)
    if language == "de":
        yield bare.translate(_UMLAUTS)


def _merged(*sources: dict[str, str]) -> dict[str, str]:
    """Merge the sources: the first that has a name wins."""
    merged: dict[str, str] = {}
    for source in sources:
        merged = source | merged
    return merged


def _without(names: dict[str, str], others: set[str]) -> dict[str, str]:
    """Drop names that are other words, or within one letter of another country's English name (`Nigera`)."""
    english = _names_in(_FUZZY[:1]) | _official_names()
    usual = (
        _own_names().keys()
        | _code_names().keys()
        | english.keys()
        | _names_in(_FUZZY[:_WIDELY_SPOKEN]).keys()
    )
    return {
        name: code
        for name, code in names.items()
        if name and name not in others and (name in usual or not _is_nearly_another(name, code, english))
    }


def _is_nearly_another(name: str, code: str, english: dict[str, str]) -> bool:
    near = (other for other in english if edit_distance(name, other, 1) <= 1)
    return any(english[other] != code for other in near if len(other) >= LEAST_LETTERS)


def _cldr_words() -> dict[str, str]:
    """Regions of the world, languages, and the cities of time zones; a city with its country."""
    countries_of_zones = get_global("zone_territories")
    words = {}
    for language in _FUZZY:
        locale = Locale.parse(language)
        for zone, names in locale.time_zones.items():
            words[fold(names.get("city", ""))] = countries_of_zones.get(zone, "")
        for name in [name for code, name in locale.territories.items() if code not in _ISO]:
            words[fold(name)] = ""
        words |= dict.fromkeys(map(fold, locale.languages.values()), "")
    return words


def _names_anywhere() -> dict[str, str]:
    """Countries in every language of CLDR: `Nigeris` is no slip for Nigeria, but Lithuanian for Niger."""
    languages = sorted(localedata.locale_identifiers())
    return _names_in(language for language in languages if "_" not in language)


def _near_words(words: dict[str, str], names: dict[str, str], may_be_misspelt: set[str]) -> list[str]:
    """The words that would pass for the misspelt name of a country other than their own."""
    by_letter: dict[str, list[str]] = {}
    for name in may_be_misspelt:
        by_letter.setdefault(name[0], []).append(name)
    near = {word: {names[name] for name in _near(word, by_letter)} for word in words.keys() - names.keys()}
    return sorted(word for word, codes in near.items() if codes - {words[word]})


def _near(word: str, by_letter: dict[str, list[str]]) -> Iterator[str]:
    alike = [name for letter in set(word[:2]) for name in by_letter.get(letter, [])]
    near = ((edit_distance(word, name, 2), name) for name in alike)
    return (
        name
        for distance, name in near
        if distance <= min(2, allowed_typos(name)) and len(word) >= LEAST_LETTERS - 1
    )


def _by_base(languages: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """By language, without the script: `zh_Hant` is `zh`."""
    return ((language.partition("_")[0], facts) for language, facts in languages.items())
