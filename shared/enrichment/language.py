"""Languages: of the note, by Google's small neural net (`gcld3`) and by words; else of the country.

The net alone is unreliable for short texts in Latin letters: with a probability of 0.9 or more it was wrong
in 45 % of those below 8 characters, in 11 % of those of 16 to 19, in 0.5 % from 40 on (19,500 windows of
words from 379 notes in 44 languages). Words and letters that few languages have confirm or overrule it: the
rules below answered 79 % of the same windows, 0.15 % wrongly; of 108 other notes, with 28 characters on
average, 70 %, none wrongly.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
_LONGEST = 1000  # characters read

# Patterns are compiled when they are first used, not with every start of the app.
# Links, addresses, numbers, product codes; looked for once a word, else it takes the square of its length.
_NO_WORDS = r"(?<![!-~])(?:[!-~]*(?:://|www\.|@)[!-~]*|[!-~]*\d[!-~]*)"
_WORD = (
    r"[^\s!-@\[-`{-~\u00a1\u00ab\u00bb\u00bf\u060c\u061b\u061f\u06d4\u0964\u2010-\u203a\u2026]+"  # no signs
)
_OWN_LETTER = r"[^\x00-\x7f]"

# Scripts that one language is written in, nearly always. Kana come first: Japanese mixes them with Chinese.
_SCRIPTS = {
    "ja": "[\u3041-\u30ff\u31f0-\u31ff]",
    "ko": "[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]",
    "th": "[\u0e01-\u0e5b]",
    "el": "[\u0370-\u03ff\u1f00-\u1fff]",
    "he": "[\u0591-\u05f4]",
    "ka": "[\u10a0-\u10ff]",
    "hy": "[\u0531-\u058f]",
    "pa": "[\u0a01-\u0a76]",
    "gu": "[\u0a81-\u0aff]",
    "ta": "[\u0b82-\u0bfa]",
    "te": "[\u0c00-\u0c7f]",
    "kn": "[\u0c80-\u0cf3]",
    "ml": "[\u0d00-\u0d7f]",
    "si": "[\u0d81-\u0df4]",
    "lo": "[\u0e81-\u0edf]",
    "my": "[\u1000-\u109f]",
    "km": "[\u1780-\u17f9]",
}
_CHINESE_CHARACTER = "[\u3400-\u9fff]"
_ALPHABET = "[A-Za-z\u00c0-\u024f\u0400-\u052f\u1e00-\u1eff]"  # Latin and Cyrillic
_SHARE = 0.3  # of the letters; a smaller share may be a name or a product

# The least length in characters, and the least probability, at which the net decides alone.
_ALPHABETS_ALONE = ((40, 0.9), (30, 0.98), (20, 0.997))  # Latin and Cyrillic: many, and many are alike
_OTHERS_ALONE = ((20, 0.9),)  # Arabic, Devanagari, Bengali, ...
_CHINESE_ALONE = ((8, 0.9),)
_MANY_LETTERS, _FEWEST_LETTERS = 12, 6  # a text of so many letters has more different signs
_SURE, _LEAST_SURE = 0.9, 0.5  # least probability of the net if votes for it are below 1, and from 1 on
_DECISIVE = 2.0  # weight of a word that decides a language alone

_ISO_639_1 = {"iw": "he", "fil": "tl", "nb": "no", "nn": "no"}
_IMPLAUSIBLE = ("la", "eo")  # Latin is the filler text of templates


def note_language(note: str | None) -> str | None:
    """ISO 639-1 of a text; None if it is too short or too mixed to decide."""
    text = _clean((note or "")[:_LONGEST])
    letters = sum(map(str.isalpha, text))
    if letters < 2:
        return None
    for known, script in _SCRIPTS.items():
        if _fills(script, text, letters):
            return known
    if _fills(_CHINESE_CHARACTER, text, letters):
        return _of_chinese_characters("".join(re.findall(_CHINESE_CHARACTER, text)))
    if letters >= _MANY_LETTERS and len(set(text.lower())) < _FEWEST_LETTERS:
        return None  # noise: a key that was held down
    alone = _ALPHABETS_ALONE if _fills(_ALPHABET, text, letters) else _OTHERS_ALONE
    return _by_net_and_words(text.lower(), alone)


def country_language(country: str | None) -> str | None:
    """ISO 639-1 of the one official language that four of five people of a country speak, else None."""
    return _languages_of_countries().get(country or "")


def _clean(text: str) -> str:
    """Compose letters, drop links and numbers, fold blanks; drop lone surrogates, which the net refuses."""
    whole = text.encode(errors="ignore").decode()
    return " ".join(re.sub(_NO_WORDS, " ", unicodedata.normalize("NFC", whole)).split())


def _fills(script: str, text: str, letters: int) -> bool:
    found = len(re.findall(script, text))
    return found >= 2 and found >= _SHARE * letters


def _of_chinese_characters(characters: str) -> str | None:
    """Chinese or Japanese, by the old national character sets; the net where both sets fit."""
    is_japanese = _fits(characters, "shift_jis")
    is_chinese = _fits(characters, "gb2312") or _fits(characters, "big5")
    if is_japanese != is_chinese:
        return "ja" if is_japanese else "zh"
    return _by_net_and_words(characters, _CHINESE_ALONE)


def _fits(characters: str, charset: str) -> bool:
    try:
        characters.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _by_net_and_words(text: str, alone: Iterable[tuple[int, float]]) -> str | None:
    """By decisive words; by the net in a long text that no word contradicts; or where both agree."""
    guess = _net().FindLanguage(text=text)
    guessed = _ISO_639_1.get(guess.language, guess.language)
    votes = _votes(text)
    ranked = sorted(((count, known) for known, count in votes.items()), reverse=True)
    (most, first), (next_most, _) = [*ranked, (0.0, ""), (0.0, "")][:2]
    if most - next_most >= _DECISIVE:
        return first
    mine = votes.get(guessed, 0.0)
    others = next_most if first == guessed else most
    is_sure = any(len(text) >= length and guess.probability >= least for length, least in alone)
    do_agree = mine > others and guess.probability >= (_SURE if mine < 1 else _LEAST_SURE)
    if (is_sure and others - mine < 1) or do_agree:
        return guessed if len(guessed) == 2 and guessed not in _IMPLAUSIBLE else None
    return None


def _votes(text: str) -> dict[str, float]:
    """The weight of a text's words and letters for each language."""
    votes: dict[str, float] = {}
    for word in sorted({*re.findall(_WORD, text), *re.findall(_OWN_LETTER, text)}):
        for known, weight in _words().get(word, ()):
            votes[known] = votes.get(known, 0.0) + weight
    return votes


@cache
def _net() -> Any:
    import gcld3  # type: ignore[import-untyped]  # noqa: PLC0415 - only for leads with a note

    return gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=_LONGEST)


@cache
def _words() -> dict[str, list[tuple[str, float]]]:
    """The languages of each word, with its weight."""
    languages: dict[str, list[str]] = {}
    decisive: set[str] = set()
    for known, alone, together in _rows("note_words.tsv"):
        decisive.update(alone.split())
        for word in {*alone.split(), *together.split()}:
            languages.setdefault(word, []).append(known)
    return {
        word: [(known, _DECISIVE if word in decisive else 1 / len(its)) for known in its]
        for word, its in languages.items()
    }


@cache
def _languages_of_countries() -> dict[str, str]:
    return {row[0]: row[1] for row in _rows("country_languages.tsv")}


def _rows(file: str) -> list[list[str]]:
    lines = (_DATA / file).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]
