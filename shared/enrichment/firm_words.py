"""The words that `firm_name` tells apart, from `company_words.toml`."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from shared.enrichment.letters import bare, without_umlauts

_SHIPPED = Path(__file__).with_name("company_words.toml")


class FirmWords(NamedTuple):
    """See the comments of the file. Every word is reduced to its letters and figures."""

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
    ands: frozenset[str]
    small_ands: frozenset[str]
    abbreviations: Mapping[str, str]
    web: re.Pattern[str]
    placeholders: frozenset[str]


def letters_of(text: str) -> str:
    """Letters and figures alone, bare of case and of accents; vowel signs are letters."""
    bared = bare(text)
    if bared.isalnum():
        return bared
    return "".join(sign for sign in bared if unicodedata.category(sign)[0] in "LNM")


@cache
def firm_words() -> FirmWords:
    """Read when the first company is looked at."""
    lists = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    exceptions, unspaced, both = lists["exceptions"], lists["unspaced"], lists["and"]
    suffixes = sorted(lists["web"]["suffixes"].split(), key=len, reverse=True)
    return FirmWords(
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
        ands=frozenset(map(letters_of, both["always"].split())),
        small_ands=frozenset(map(letters_of, both["in_small_letters"].split())),
        abbreviations=lists["abbreviations"],
        web=re.compile(rf"(?<=\w\w)\.(?:{'|'.join(map(re.escape, suffixes))})/?(?=$|[\s,;)])", re.IGNORECASE),
        placeholders=frozenset(map(without_umlauts, _placeholders(lists["placeholders"]))),
    )


def _placeholders(lists: dict[str, str]) -> frozenset[str]:
    """With those of two parts: self-employed consultant, freelance developer."""
    firsts, seconds = _phrases(lists.pop("how")), _phrases(lists.pop("what"))
    pairs = {first + second for first in firsts for second in seconds}
    return frozenset(pairs).union(*map(_phrases, lists.values()))


def _phrases(text: str) -> frozenset[str]:
    return frozenset(filter(None, map(letters_of, text.split(","))))


def _phrases_by_word(texts: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {word: _phrases(text) for word, text in texts.items()}
