"""Countries: ISO 3166-1 alpha-2 from codes, from names in many languages, and from clear misspellings.

The names are in `data/country_names.tsv`, which `python -m local.data` generates.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from shared.enrichment.repair import repaired
from shared.enrichment.spelling import edit_distance
from shared.enrichment.word_lists import read_word_lists
from shared.leads.enrichment import CountryFacts

_NAMES = Path(__file__).parent / "data" / "country_names.tsv"
_LONGEST = 100  # characters read

# Letters that Unicode doesn't decompose into letter and accent, and Arabic letters with two shapes.
_PLAIN = str.maketrans("øđðłħıəŋىیکة", "oddlhienييك\u0647") | str.maketrans({"æ": "ae", "œ": "oe", "þ": "th"})
_ACCENTS = "[\u0300-\u036f]+"
_KANA_VOICING, _VIRAMA = 8, 9  # combining classes of marks that aren't accents
_FLAG_LETTERS = {0x1F1E6 + n: chr(ord("A") + n) for n in range(26)}  # a pair of them is a flag

# Patterns are compiled when they are first used, not with every start of the app.
_CODE = r"[A-Za-z]{2}"
_NOTHING = ("na", "Na", "nA")  # not applicable; `NA` alone is Namibia
_ARTICLE = (
    r"(?i)(?:the|la|le|les|el|los|las|die|der|das|il|lo|gli|os|as|de|het|den|det)\s+(?=\S{4})"
    r"|l['\u2019](?=\S{4})"
)
_SEVERAL_STATES = frozenset({"CN", "KR", "KP", "CG", "CD", "GE"})
"""Republic of China is another country than China, and so on."""
_FORM_IN_ENGLISH = r"(?i)(?:the\s+)?(?:republic|kingdom|state)\s+of\s+(?:the\s+)?"
_WORD_ENDS = r"[\s'\u2019.,\-]+"
_BESIDE = r"[,/|;:()\[\]{}]|\s[-\u2013\u2014]+\s"
_TURNED = r"([^,()]+?)\s*[,(]\s*([^,()]+?)[\s)]*"
_CODE_FIRST = r"(?P<code>[A-Z]{2,3})[ -](?P<name>.+)"
_CODE_LAST = r"(?P<name>.+)[ -](?P<code>[A-Z]{2,3})"
_LAST = ("USA", "UK", "UAE", "KSA", "PRC", "DRC")  # short country names that aren't states or provinces
_CALLING_CODE = r"\(?\+\s?\d+\)?"
_PARTS = r"[,/|;()\[\]]|\s[-\u2013\u2014]\s"
_BETWEEN = r"[/|;:()\[\]{}<>=\u00b7\u2022\u2192]|\s[-\u2013\u2014]+\s"

LEAST_LETTERS = 5  # of a name to which misspellings are matched
_LETTERS_FOR_TWO = 9  # from this length on, two typos are allowed; else one

# Country domains that are sold worldwide, or used for another meaning.
_SOLD_WORLDWIDE = (
    "ac ad ag ai am as bi bz cc cd cf cm co cx dj fm ga gd gg gl gq gs gy hm hn im io ki la lc li ly md "
    "me mg ml mn ms mu nf nr nu pm pn pw re sb sc sh sr st sx tc tf tk tl tm to tv vc vg vu wf ws yt"
)
_DOMAINS = {"uk": "GB", "xn--p1ai": "RU", "xn--fiqs8s": "CN", "xn--j1amh": "UA", "xn--90ais": "BY"}


def country_code(text: str | None) -> str | None:
    """ISO 3166-1 alpha-2 of what the customer wrote; None if it isn't clearly a country.

    While the data stay, the same text gives the same code: phone numbers are read with it, and the ids of
    leads without an address depend on those.
    """
    return _read(text).code


def country_facts(text: str | None, phone_country: str | None, domain: str | None = None) -> CountryFacts:
    """The country that the customer wrote; else that of their phone number; else that of their domain.

    Args:
        text: a code or a name.
        phone_country: ISO 3166-1 alpha-2.
        domain: of their e-mail address; only an ending that its own country uses counts.
    """
    pushed = _read(text)
    if pushed.code:
        return pushed
    if phone_country:
        return CountryFacts(code=phone_country, from_="phone")
    code = _of_domain(domain)
    return CountryFacts(code=code, from_="domain" if code else None)


def fold(text: str) -> str:
    """Fold a name for look-up: letters and digits only, no case, accents, blanks or signs.

    Three letters and fewer keep their accents: `Mỹ` is Vietnamese for America, `MY` is Malaysia.
    """
    if text.isascii():
        return "".join(letter for letter in text.casefold() if letter.isalnum())
    compatible = unicodedata.normalize("NFKC", text).casefold()
    apart = re.sub(_ACCENTS, "", unicodedata.normalize("NFKD", compatible.translate(_PLAIN)))
    is_letter = str.isalnum if apart.isascii() else _is_plain
    plain = unicodedata.normalize("NFC", "".join(filter(is_letter, apart)))
    if len(plain) <= 3 and plain.isascii() and not compatible.isascii():
        return unicodedata.normalize("NFC", "".join(filter(str.isalnum, compatible)))
    return plain


def allowed_typos(name: str) -> int:
    """How many letters may be wrong, missing, extra, or swapped with the next: 2 from 9 letters on."""
    return 2 if len(name) >= _LETTERS_FOR_TWO else 1


def _is_plain(letter: str) -> bool:
    kind = unicodedata.category(letter)
    is_accent = unicodedata.combining(letter) not in (0, _KANA_VOICING, _VIRAMA)
    return kind[0] in "LMN" and kind != "Lm" and not is_accent


@lru_cache(maxsize=128)  # a lead's country is read twice, for its phone number too
def _read(text: str | None) -> CountryFacts:
    written = _clean((text or "")[:_LONGEST])[:_LONGEST]  # in NFKC one character may become eighteen
    shared = _by_words_beside(written)
    if shared is not None:
        return CountryFacts(code=shared or None, from_="pushed" if shared else None)
    if code := _by_name(written) or _by_parts(written):
        return CountryFacts(code=code, from_="pushed")
    if not re.search(_PARTS, written) and (code := _by_spelling(written)):
        return CountryFacts(code=code, from_="spelling")
    return CountryFacts()


def _clean(text: str) -> str:
    """Turn flags into codes and full width into plain letters; drop calling codes and outer punctuation."""
    letters = repaired(text).translate(_FLAG_LETTERS)
    plain = unicodedata.normalize("NFKC", letters)
    return " ".join(re.sub(_CALLING_CODE, " ", plain).split()).strip(" .,;:/|-_*\"'\u201c\u201d")


def _by_name(written: str) -> str | None:
    """Match the whole text: a code or a name, perhaps after an article or form of state, or inverted."""
    if code := _exactly(written) or _behind_article(written):
        return code
    if named := _without_form(written):
        return None if named in _SEVERAL_STATES else named
    turned = re.fullmatch(_TURNED, written)
    if not turned or len(turned[2]) <= 2:
        return None
    upright = f"{turned[2]} {turned[1]}"
    return _exactly(upright) or _behind_article(upright)


def _behind_article(written: str) -> str | None:
    article = re.match(_ARTICLE, written)
    return _exactly(written[article.end() :]) if article else None


def _exactly(written: str) -> str | None:
    if re.fullmatch(_CODE, written):
        return _codes().get(written.upper()) if written not in _NOTHING else None
    return _names().get(fold(written)) or _written_out(written)


def _written_out(written: str) -> str | None:
    """A name with words that statisticians shorten: `Solomon Isds`, `Rep. of Moldova`."""
    short, words = _words().short, _split(written)
    if short.keys().isdisjoint(words):
        return None
    return _names().get("".join(short.get(word, word) for word in words)) or None


def _split(written: str) -> list[str]:
    return [word for part in re.split(_WORD_ENDS, written) if (word := fold(part))]


def _without_form(written: str) -> str | None:
    """The country of a name with its form of state around it: `Royaume de Belgique`, `체코공화국`."""
    lists, words = _words(), [_words().short.get(word, word) for word in _split(written)]
    name, comma, form = written.partition(",")
    if comma and set(_split(form)) <= lists.of_forms:
        return _exactly(name.strip())
    for behind in lists.behind:
        if len(words) == 1 and words[0].endswith(behind) and not behind.isascii():
            return _names().get(words[0].removesuffix(behind)) or None
    if len(words) > 1 and words[-1] in lists.behind and (code := _names().get("".join(words[:-1]))):
        return code
    start = 0
    while start < len(words) and words[start] in lists.of_forms:
        start += 1
    is_form = not lists.before.isdisjoint(words[:start])
    ends = (end for end in range(start, 0, -1)) if is_form else iter(())
    return next((code for end in ends if (code := _names().get("".join(words[end:])))), None)


def _by_words_beside(written: str) -> str | None:
    """What a word beside the name says: `Korea (North)` is KP, `Georgia - US state` no country: "".

    None if no word beside it changes anything.
    """
    parts = [part.strip(" .-") for part in re.split(_BESIDE, written)]
    parts = [part for part in parts if part]
    if len(parts) != 2:
        return None
    for name, beside in (parts, reversed(parts)):
        codes = _words().shared.get(fold(name), {})
        if (code := codes.get(fold(beside))) is not None:
            return code
        if fold(beside) in _words().unsure and _by_name(name):
            return ""
    return None


def _by_parts(written: str) -> str | None:
    """Match the parts, if all known ones agree: `Germany (DE)`, `Deutschland / Germany`, `Berlin, Germany`.

    A part of two letters can't decide, but must not disagree: `IT / Software`, `Lebanon - OH`.
    """
    if "," in written:
        return _of_last_place([place.strip() for place in written.split(",")])
    parts = [part.strip(" .-") for part in re.split(_BETWEEN, written)]
    if len(parts) == 1:
        parts = _code_apart(written)
    named = {code for part in parts if len(part) > 2 and (code := _by_name(part))}
    coded = {_exactly(part) for part in parts if len(part) == 2}
    if territory := _territory({*named, *coded}, named):
        return territory
    return named.pop() if len(named) == 1 and coded <= named else None


def _territory(codes: Collection[str | None], named: set[str]) -> str | None:
    """The territory of a territory and its owner, if the territory is named: `Bermuda (UK)`."""
    owners = _words().owners
    return next((code for code in named if len(codes) == 2 and owners.get(code, "") in codes), None)


def _of_last_place(places: list[str]) -> str | None:
    """`Berlin, Germany`, but neither `Atlanta, Georgia` nor `Toluca, MEX`: these may be states."""
    last = places[-1]
    others = {code for place in places[:-1] if len(place) > 2 and (code := _by_name(place))}
    if territory := _territory({*others, _exactly(last) or _by_name(last)}, others):
        return territory
    if len(last) <= 3 and last.upper() not in _LAST:
        return _exactly(last) if others == {_exactly(last)} else None
    code = _by_name(last)
    return code if others <= {code, "GE" if code == "US" else code} and code != "GE" else None


def _code_apart(written: str) -> list[str]:
    """Split `US United States` and `GERMANY-DE`, if code and name are of the same country."""
    for match in (re.fullmatch(_CODE_FIRST, written), re.fullmatch(_CODE_LAST, written)):
        if match and _exactly(match["code"]) == _by_name(match["name"]):
            return [match["code"], match["name"]]
    return []


def _by_spelling(written: str) -> str | None:
    """Match a misspelt name: the nearest country, if there is only one and it is near enough."""
    start = re.match(_FORM_IN_ENGLISH, written) or re.match(_ARTICLE, written)
    key, whole = fold(written[start.end() :] if start else written), fold(written)
    if len(key) < LEAST_LETTERS - 1 or not key.isalpha() or _names().keys() & {key, whole}:
        return None
    near = list(_near(key))
    least = min((distance for distance, _ in near), default=0)
    nearest = {_names()[name]: name for distance, name in near if distance == least}
    code, name = nearest.popitem() if len(nearest) == 1 else (None, "")
    return code if _starts_alike(key, name) else None


def _near(key: str) -> Iterator[tuple[int, str]]:
    """The names that `key` may be a misspelling of, with the number of typos.

    A typo changes which letters occur by two at most: most names are ruled out by that, without a comparison.
    """
    own = _letter_set(key)
    for letters in range(len(key) - 2, len(key) + 3):
        names = _spellings().get(letters, [])
        allowed = min(allowed_typos(key), allowed_typos(names[0][1])) if names else 0
        alike = (name for letter_set, name in names if (letter_set ^ own).bit_count() <= 2 * allowed)
        distances = ((edit_distance(key, name, allowed), name) for name in alike)
        yield from (near for near in distances if near[0] <= allowed)


def _starts_alike(key: str, name: str) -> bool:
    """The first letter is rarely the typo: `Siberia` isn't Liberia, nor `Prussia` Russia."""
    return key[:1] == name[:1] or key[:2] == name[1::-1]


def _of_domain(domain: str | None) -> str | None:
    """The country of an ending such as `.de`; None for endings that are sold worldwide."""
    ending = (domain or "").rstrip(".").rpartition(".")[2].casefold()
    if ending in _DOMAINS:
        return _DOMAINS[ending]
    return (
        None if ending in _SOLD_WORLDWIDE.split() or ending in ("gb", "el") else _codes().get(ending.upper())
    )


@cache
def _rows() -> list[list[str]]:
    """Code, names that may be misspelt, further names."""
    lines = _NAMES.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@cache
def _names() -> dict[str, str]:
    """The code by folded name or three-letter code."""
    return {name: code for code, *names in _rows() for part in names for name in part.split()}


class _Words(NamedTuple):
    """The words of `country_words.toml`, folded."""

    owners: dict[str, str]  # the country that a territory belongs to
    shared: dict[str, dict[str, str]]  # codes by the word beside a name that countries share
    unsure: frozenset[str]
    before: frozenset[str]  # forms of state
    behind: tuple[str, ...]  # the longest first
    of_forms: frozenset[str]  # forms, their adjectives, and words between them and the name
    short: dict[str, str]


@cache
def _words() -> _Words:
    tables = read_word_lists("country_words.toml")
    shared: dict[str, dict[str, str]] = {}
    for table in tables["shared"]:
        codes = {fold(word): code for code, words in table.items() if code != "names" for word in words}
        for name in table["names"]:
            shared.setdefault(fold(name), {}).update(codes)
    forms = {kind: frozenset(map(fold, words.split(","))) for kind, words in tables["forms"].items()}
    single = {
        fold(word)
        for kind in tables["forms"].values()
        for phrase in kind.split(",")
        for word in phrase.split()
    }
    return _Words(
        {one: owner for owner, codes in tables["territories"].items() for one in codes.split()},
        shared,
        frozenset(map(fold, tables["unsure"]["words"].split(","))),
        frozenset(fold(word) for phrase in tables["forms"]["before"].split(",") for word in phrase.split()),
        tuple(sorted(forms["behind"], key=len, reverse=True)),
        frozenset(single | {"the"}),
        {fold(word): fold(whole) for word, whole in tables["short"].items()},
    )


@cache
def _codes() -> dict[str, str]:
    """The two-letter codes, and two common substitutes."""
    return {code: code for code, *_ in _rows() if code} | {"UK": "GB", "EL": "GR"}


@cache
def _spellings() -> dict[int, list[tuple[int, str]]]:
    """The names that may be misspelt with their sets of letters, by the number of their letters."""
    spellings: dict[int, list[tuple[int, str]]] = {}
    for code, usual, *_ in _rows():
        for name in usual.split() if code else ():
            spellings.setdefault(len(name), []).append((_letter_set(name), name))
    return spellings


def _letter_set(name: str) -> int:
    """The letters of a name, one bit each; letters of several alphabets may share one."""
    bits = 0
    for letter in name:
        bits |= 1 << ord(letter) % 64
    return bits
