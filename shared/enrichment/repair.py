"""Repair typed text that a program garbled: entities of HTML, UTF-8 read as Windows-1252, invisible signs."""

import re
import unicodedata

_MOST_ROUNDS = 3  # some text went through two programs: `&amp;amp;`
_JOINERS = "\u200c\u200d"  # parts of words in Persian and in Indian languages
_GARBLED = r"[\u00c2-\u00f4][^\x00-\x7f]{1,3}"  # a first byte of UTF-8 and those that follow, as letters
# Five bytes that Windows-1252 doesn't have stay what they are.
_AS_BYTES = {chr(code): bytes([code]) for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


def repaired(text: str) -> str:
    """The text as its writer saw it: `S&ouml;hne` and `SÃ¶hne` become `Söhne`, a soft hyphen goes.

    Text that nobody garbled stays as it is; so does what can't be repaired.
    """
    if text.isascii() and "&" not in text:
        return text
    for _ in range(_MOST_ROUNDS):
        before, text = text, "".join(filter(_is_visible, _in_utf_8(_without_entities(text))))
        if text == before:
            break
    return text


def _without_entities(text: str) -> str:
    if "&" not in text:
        return text
    from html import unescape  # noqa: PLC0415 - 3 ms, and hardly any text needs it

    return unescape(text)


def _in_utf_8(text: str) -> str:
    return text if text.isascii() else re.sub(_GARBLED, _decoded, text)


def _decoded(match: re.Match[str]) -> str:
    """One letter of UTF-8, with what follows it."""
    letters = match[0]
    for length in range(len(letters), 1, -1):
        try:
            return b"".join(map(_byte, letters[:length])).decode() + letters[length:]
        except UnicodeError:
            continue
    return letters


def _byte(letter: str) -> bytes:
    return _AS_BYTES.get(letter) or letter.encode("cp1252")


def _is_visible(letter: str) -> bool:
    """Controls within a text are blanks or nothing to see; so are the private and the unpaired ones."""
    return (
        letter.isspace() or letter in _JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co")
    )
