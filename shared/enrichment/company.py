"""Companies: clean names, and one key for all spellings of a company."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from shared.enrichment.country import country_code
from shared.enrichment.domain import domain_of, readable
from shared.enrichment.letters import bare, without_umlauts
from shared.enrichment.repair import repaired
from shared.enrichment.word_lists import read_word_lists
from shared.leads.enrichment import CompanyFacts, EmailFacts

_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "‹": "›", "「": "」"}  # noqa: RUF001


def company_facts(name: str | None, email: EmailFacts) -> CompanyFacts:
    """The company as written, its comparison key, and its domain if the address is an organisation's.

    Without a name, the key comes from a corporate domain: `ada@fabrikam.com` has the key of Fabrikam Inc.
    """
    clean_name = None if name is None or names_no_company(name) else _clean(name)
    domain = email.domain if email.kind in ("corporate", "tenant", "education") else None
    domain_label = readable(domain_of(domain).label) if domain and email.kind == "corporate" else None
    return CompanyFacts(name=clean_name, key=company_key(clean_name or domain_label), domain=domain)


def company_key(name: str | None) -> str | None:
    """The key of a company, equal for all spellings, for comparison only. None for n/a, private, -."""
    return None if name is None or names_no_company(name) else _spelling_key(name)


def _clean(name: str) -> str:
    """Fold blanks; drop invisible characters, quotation marks around the name, a comma at the end."""
    text = " ".join(repaired(name).split()).strip(" ,;")
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        text = text[1:-1].strip(" ,;")
    return text


LONGEST_NAME = 1000  # characters read: in NFKC one character may become eighteen

_TRADE_MARKS = str.maketrans(dict.fromkeys("™®©℠"))
_QUOTATION = re.compile(r"[(\[]\s*[A-Za-z]+\s*:[^)\]]*[)\]]")  # on an exchange: (NASDAQ: FBKM)
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{2,40})[)\]]")
_WEB = re.compile(r"^\s*(?:https?://)?(?:www\.)?", re.IGNORECASE)
_ALIAS = re.compile(
    r"(?<=\w)\W+(?:d/?b/?a|f/?k/?a|a/?k/?a|t/a|doing business as|trading as|formerly|inhaber|inh\.)(?!\w).*",
    re.IGNORECASE,
)
_CHUNK = re.compile(r"[&+]|[^\s,;:&+()\[\]{}<>\"“”„«»‹›「」『』|!?*#=~^\\\-\u2010-\u2015\u30fb_]+")  # noqa: RUF001
_DOTTED = re.compile(r".*[./].*|[a-z][A-Z]+")  # e.V., A/S, eV
_LONGEST_FORM = 7  # words: společnost s ručením omezeným has four, letters with blanks between them more

_RUNS = "01234567890123456789", "98765432109876543210"


# A template that nobody filled, or what a program writes for a missing value.
_BY_A_MACHINE = re.compile(
    r"\{+[^{}]*\}+|\$\{?\(?[\w.]+\)?\}?|%+[\w.]+%*|\[+[^\[\]]*\]+|<+[^<>]*>+|@[\w.]+@|__\w+__|\*\|\w+\|\*"
    r"|#(?:ref|n/?a|value|name|num|div/0|null|error|spill|calc|field|bezug|wert|zahl|n/?v|nom|valor)[!?]?"
    r"|nan|null|undefined|nil|none|void|true|false|object|inf|infinity|\((?:null|none|blank|empty)\)",
    re.IGNORECASE,
)


class _Word(NamedTuple):
    written: str
    letters: str


def _spelling_key(name: str) -> str:
    """The letters and digits of a name, without legal form, article and `and`; empty if it has none.

    A name that consists of these alone keeps them: `The Company`, `AG`.
    """
    return without_umlauts("".join(_distinctive(_core(_words(name)))))


def names_no_company(name: str) -> bool:
    """The text is a placeholder (n/a, privat, なし), a scribble (xxx), an address, or left by a machine."""
    if re.fullmatch(r"\s*\S+@\S+\.\w+\s*", name) or _BY_A_MACHINE.fullmatch(repaired(name).strip(" \"'")):
        return True
    words = _words(name)
    letters = without_umlauts(_join(words))
    if not letters or letters in company_words().placeholders:
        return True
    return len(words) == 1 and _is_scribble(letters)


def _is_scribble(letters: str) -> bool:
    if letters.isdecimal():
        return len(set(letters)) == 1 or (len(letters) > 2 and any(letters in run for run in _RUNS))
    if len(set(letters)) > 1:
        return False
    return len(letters) > 3 or set(letters) <= {"x", "z"} or (letters.isascii() and len(letters) == 1)


def _words(name: str) -> list[_Word]:
    known = company_words()
    text = unicodedata.normalize("NFKC", repaired(name[:LONGEST_NAME]).translate(_TRADE_MARKS))[:LONGEST_NAME]
    text = known.bracketed.sub(" ", _ALIAS.sub("", _QUOTATION.sub(" ", text)))
    text = _BRACKETS.sub(_without_country, known.states.sub(" ", text))
    chunks = [
        part for chunk in _CHUNK.findall(known.web.sub("", _WEB.sub("", text))) for part in _apart(chunk)
    ]
    words = [_Word(chunk, letters_of(chunk)) for chunk in chunks]
    return _without_unspaced([word for word in words if word.letters or word.written in "&+"])


def _apart(chunk: str) -> list[str]:
    """`Fabrikam/GmbH` is a name and a form; `A/S` is one form."""
    name, slash, form = chunk.rpartition("/")
    is_form = slash and len(name) > 2 and letters_of(form) in company_words().forms
    return [name, form] if is_form and letters_of(chunk) not in company_words().forms else [chunk]


def _without_country(match: re.Match[str]) -> str:
    """A country in brackets is no part of the name: `Contoso (UK) Ltd`."""
    return " " if match.start() > 0 and country_code(match[1]) else match[0]


def _without_unspaced(words: list[_Word]) -> list[_Word]:
    """Cut off legal forms that are written together with the name: 株式会社トヨタ."""
    if all(word.written.isascii() for word in words):
        return words
    cut = [_Word(word.written, _cut(word.letters)) for word in words]
    return [word for word in cut if word.letters or word.written in "&+"] or words


def _cut(letters: str) -> str:
    for form in company_words().unspaced:
        letters = letters.removeprefix(form).removesuffix(form)
    return letters


def _core(words: list[_Word]) -> list[_Word]:
    known = company_words()
    core, forms = _without_forms(words)
    core = _without_prefix(core, forms)
    return core[:1] + [word for word in core[1:] if word.letters not in known.inside]


def _without_forms(words: list[_Word]) -> tuple[list[_Word], set[str]]:
    """The words without legal forms and `and` at the end, and those forms; at least one word stays."""
    core, forms = _trim(words), set[str]()
    while (length := _form_length(core)) > 0:
        forms.add(_join(core[-length:]))
        core = _trim(core[:-length])
    return core, forms


def _form_length(words: list[_Word]) -> int:
    """How many words at the end are a legal form, as many as possible; 0 if none, or if all are."""
    longest = min(_LONGEST_FORM, len(words) - 1)
    return next(
        (length for length in range(longest, 0, -1) if _is_form(words[-length:], words[-length - 1])), 0
    )


def _is_form(words: list[_Word], before: _Word) -> bool:
    known = company_words()
    letters = _join(words)
    if letters not in known.forms or before.letters in known.not_after.get(letters, ()):
        return False
    return letters not in known.with_dots or before.letters in known.forms or _has_dots(words)


def _trim(words: list[_Word]) -> list[_Word]:
    """Cut `&`, `and` and `, The` at the end, `The` and `&` at the start: Vitamin E stays."""
    first, last = 0, len(words)
    while last - first > 1 and (_is_long_and(words[last - 1]) or words[last - 1].letters == "the"):
        last -= 1
    while last - first > 1 and (words[first].letters in ("", "the")):
        first += 1
    return words[first:last]


def _without_prefix(words: list[_Word], forms: set[str]) -> list[_Word]:
    known = company_words()
    for length in range(min(_LONGEST_FORM, len(words) - 1), 0, -1):
        letters, rest = _join(words[:length]), words[length:]
        written_so = letters not in known.with_dots or _has_dots(words[:length])
        whole = rest[0].letters in known.not_before.get(letters, ())
        if (
            (letters in known.prefixes and written_so and not whole)
            or (letters in known.prefixes_of_two and len(rest) > 1)
            or not forms.isdisjoint(known.prefixes_with.get(letters, ()))
        ):
            return rest
    return words


def _distinctive(words: list[_Word]) -> Iterator[str]:
    """The letters of the words that distinguish companies."""
    known = company_words()
    some_small = any(not word.written.isupper() for word in words)
    some_large = any(not word.written.islower() for word in words)
    for place, word in enumerate(words):
        between = 0 < place < len(words) - 1
        small = some_small and some_large and word.written.islower()
        if between and (_is_and(word) or (small and word.letters in known.small_ands)):
            continue
        yield known.abbreviations.get(word.letters, word.letters) if len(words) > 1 else word.letters


def _is_and(word: _Word) -> bool:
    """`&`, or `and` in some language; `E.` is an initial."""
    return not word.letters or (word.letters in company_words().ands and not word.written.endswith("."))


def _is_long_and(word: _Word) -> bool:
    return _is_and(word) and len(word.letters) != 1


def _has_dots(words: list[_Word]) -> bool:
    return any(_DOTTED.fullmatch(word.written) for word in words)


def _join(words: list[_Word]) -> str:
    return "".join(word.letters for word in words)


class CompanyWords(NamedTuple):
    """The lists of `company_words.toml`, see its comments; words as letters and digits only."""

    forms: frozenset[str]
    with_dots: frozenset[str]
    not_after: Mapping[str, frozenset[str]]
    not_before: Mapping[str, frozenset[str]]
    inside: frozenset[str]
    prefixes: frozenset[str]
    prefixes_of_two: frozenset[str]
    prefixes_with: Mapping[str, frozenset[str]]
    unspaced: tuple[str, ...]  # the longest first
    bracketed: re.Pattern[str]
    states: re.Pattern[str]  # of a firm that is given up: in liquidation
    ands: frozenset[str]
    small_ands: frozenset[str]
    abbreviations: Mapping[str, str]
    web: re.Pattern[str]
    placeholders: frozenset[str]


def letters_of(text: str) -> str:
    """Letters and digits only, without case and accents; vowel signs count as letters."""
    bare_text = bare(text)
    if bare_text.isalnum():
        return bare_text
    return "".join(sign for sign in bare_text if unicodedata.category(sign)[0] in "LNM")


@cache
def company_words() -> CompanyWords:
    """Read the lists, when the first company is enriched."""
    lists = read_word_lists("company_words.toml")
    exceptions, unspaced, both = lists["exceptions"], lists["unspaced"], lists["and"]
    suffixes = sorted(lists["web"]["suffixes"].split(), key=len, reverse=True)
    return CompanyWords(
        forms=frozenset().union(*map(_phrases, lists["forms"].values())),
        with_dots=_phrases(exceptions["with_dots"]),
        not_after=_phrases_by_word(exceptions["not_after"]),
        not_before=_phrases_by_word(exceptions["not_before"]),
        inside=_phrases(lists["inside"]["any"]),
        prefixes=_phrases(lists["prefixes"]["any"]),
        prefixes_of_two=_phrases(lists["prefixes"]["before_two_words"]),
        prefixes_with=_phrases_by_word(lists["prefixes"]["with_a_form"]),
        unspaced=tuple(sorted(map(letters_of, unspaced["any"].split()), key=len, reverse=True)),
        bracketed=re.compile(rf"[(\[]\s*(?:{'|'.join(unspaced['bracketed'].split())})\s*[)\]]"),
        states=re.compile(
            rf"[\s(\[,\-\u2013]{{1,3}}(?:{_any_of(lists['states']['any'])})[\s)\].]*$", re.IGNORECASE
        ),
        ands=frozenset(map(letters_of, both["always"].split())),
        small_ands=frozenset(map(letters_of, both["in_small_letters"].split())),
        abbreviations=lists["abbreviations"],
        web=re.compile(rf"(?<=\w\w)\.(?:{'|'.join(map(re.escape, suffixes))})/?(?=$|[\s,;)])", re.IGNORECASE),
        placeholders=frozenset(map(without_umlauts, _placeholders(lists["placeholders"]))),
    )


def _any_of(phrases: str) -> str:
    return "|".join(re.escape(phrase.strip()) for phrase in phrases.split(",") if phrase.strip())


def _placeholders(lists: dict[str, str]) -> frozenset[str]:
    """All placeholders, also those of two parts: self-employed consultant, freelance developer."""
    firsts, seconds = _phrases(lists.pop("how")), _phrases(lists.pop("what"))
    pairs = {first + second for first in firsts for second in seconds}
    return frozenset(pairs).union(*map(_phrases, lists.values()))


def _phrases(text: str) -> frozenset[str]:
    return frozenset(filter(None, map(letters_of, text.split(","))))


def _phrases_by_word(texts: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {word: _phrases(text) for word, text in texts.items()}
