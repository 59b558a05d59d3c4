"""Placeholders: addresses without a person behind them, typed to get past a form."""

import re
from functools import cache
from typing import NamedTuple

from shared.enrichment.address import Address
from shared.enrichment.domain import domain_of
from shared.enrichment.letters import bare
from shared.enrichment.word_lists import read_word_lists

_ROWS = (
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "1234567890",
)
_FOR_SAMPLES = "example"  # `a@x.example` stands for somebody
_SHORTEST_NUMBERED = 3  # letters: `test1`, but not `a1`
_LONGEST = 64  # letters
_SHORTEST_ROLL = 4  # keys of one row, in any order


class _Words(NamedTuple):
    anywhere: frozenset[str]
    unread: frozenset[str]
    empty: frozenset[str]
    twice: frozenset[str]
    whole: frozenset[str]


def is_placeholder(address: Address) -> bool:
    """The address says that there is none: `none@none.com`, `noemail@fabrikam.com`, `asdf@gmail.com`.

    A mailbox `test` of a firm is a mailbox, and so is `contoso@contoso.com`.
    """
    words, name = _words(), letters_of(address.local_part)
    if name in words.anywhere or f"{address.local_part}@{address.host}" in words.whole:
        return True
    means_nothing = is_empty(name)
    if not means_nothing and name not in words.twice:
        return False
    domain = domain_of(address.host)
    label = letters_of(domain.label)
    if name == label and name in words.twice:
        return True
    if domain.suffix == _FOR_SAMPLES and len(label) == 1:
        return False
    if is_empty(label) or label in words.anywhere:
        return True
    from shared.enrichment.email_kind import mailbox_kind  # noqa: PLC0415 - its lists are large, rarely needed

    return means_nothing and mailbox_kind(address.host, domain) == "free"


def is_nobodys(address: Address) -> bool:
    """Two people who leave this address aren't one person: a placeholder, or a mailbox that nobody reads."""
    return letters_of(address.local_part) in _words().unread or is_placeholder(address)


def is_empty(word: str) -> bool:
    """A word without meaning: `none`, `x`, `aaa`, `asdf`, `12345`, `sdfsdf`."""
    if not word or word in _words().empty or len(set(word)) == 1:
        return True
    if len(word) > _LONGEST:
        return False
    if word.isdecimal():
        return _is_run(word)
    piece = _repeated(word)
    return _is_run(piece) or (piece != word and piece in _words().empty) or _is_roll(piece, word)


def letters_of(text: str) -> str:
    """Letters without accents, separators and tag; figures behind a word that means nothing are off."""
    plain = re.sub(r"[^\w]|_", "", bare(text.partition("+")[0]))
    word = plain.rstrip("0123456789")
    return (
        word if len(word) >= _SHORTEST_NUMBERED and (word in _words().anywhere or is_empty(word)) else plain
    )


def _repeated(word: str) -> str:
    """The shortest text whose repetition is the word: `asd` of `asdasd`."""
    place = (word + word).find(word, 1)
    return word[:place]


def _is_run(word: str) -> bool:
    """Neighbouring keys one after the other, in either direction, in one or several rows: `asdfqwer`."""
    while word:
        length = next((size for size in range(min(len(word), 10), 2, -1) if _is_in_a_row(word[:size])), 0)
        if not length:
            return False
        word = word[length:]
    return True


def _is_in_a_row(keys: str) -> bool:
    return any(keys in row or keys[::-1] in row for row in _ROWS)


def _is_roll(piece: str, word: str) -> bool:
    """A hand laid on the middle row: `sdfgsd`, `asdkjh`, `fdsfds`; words have vowels enough."""
    if len(word) < _SHORTEST_ROLL or not set(word) <= set("asdfghjkl"):
        return False
    return "a" not in piece or not re.fullmatch(r"(?:[^a]{0,2}a)+[^a]{0,2}", piece)


@cache
def _words() -> _Words:
    lists = read_word_lists("placeholders.toml")
    return _Words(**{name: frozenset(words.split()) for name, words in lists.items()})
