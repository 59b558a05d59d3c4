"""Letters without what sits on them: two spellings of a name often differ only by that."""

import re
import unicodedata
from functools import cache

# Latin letters that no decomposition takes apart.
_WHOLE = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "\u0131": "i",  # dotless
        "ə": "e",
    }
)


# Umlauts as two letters: Mueller, Braeuer, europaeisch, Aalborg. In the words that come first the two letters
# are two sounds.
_TWO_LETTERS = re.compile(
    r"blue(?!t)|true|value|venue|league|rescue|fuel(?!l)|guest|shoe|joe(?!r)|poet|michael|israel|samuel|aer"
    r"|^(a)a(?=[bcdfghjklmnpqrstvwxz]{2}|[bcdfghjklmnpqrstvwxz][eou])"
    r"|(?:(?<=[bcdfghjklmnprstvwxz])|^)(?:(a)e(?=[ui])|([aou])e(?=[bcdfghjklmnpqrstvwxz]))"
)


def bare(text: str) -> str:
    """Case-folded, full and half width alike, accents gone over Latin, Greek and Cyrillic letters.

    Other marks tell words apart: without its mark バス (bus) is ハス (lotus), and Hindi and Thai lose vowels.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    bared = "".join(map(_bare_letter, unicodedata.normalize("NFC", folded)))
    return bared.translate(_WHOLE)


def without_umlauts(letters: str) -> str:
    """`mueller` as `muller`: an umlaut that was written as two letters, bare as the others are."""
    return _TWO_LETTERS.sub(lambda found: found[found.lastindex or 0], letters)


@cache
def _bare_letter(letter: str) -> str:
    """Marks that stand alone after a letter they don't join with (i + dot above, of İ) go, too."""
    if letter in _LONE_MARKS:
        return ""
    base = unicodedata.normalize("NFD", letter)[0]
    return base if unicodedata.name(base, "").split(" ")[0] in ("LATIN", "GREEK", "CYRILLIC") else letter


_LONE_MARKS = frozenset(map(chr, range(0x300, 0x370)))  # combining diacritical marks: of those alphabets
