"""What of a written text may be an e-mail address: the forms that people and programs give it."""

import re
import unicodedata
from collections.abc import Iterator

from shared.enrichment.address import JOINERS

LONGEST = 1000  # characters that are read; a header with a long name before the address stays readable


def candidates(text: str, *, whole: bool) -> Iterator[str]:
    """What may be the first address of a text, the likeliest first; see `read_address`."""
    items = _split(plain_text(text[:LONGEST]).translate(_COMMAS))
    if whole and any(" " in item.strip() and "@" not in item for item in items[1:]):
        return
    for item in items:
        yield from _of_item(item)


_COMMAS = str.maketrans({"\u3001": ",", "\u060c": ",", "\u061b": ";"})  # those that NFKC leaves
_SEPARATORS = frozenset(";,|\n")
_BLANKS = re.compile(r"[\t\r\f\v\x1c-\x1f\x85\u2028\u2029\u2800 ]+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,24});")
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\ufffc\ufffd")


def plain_text(text: str) -> str:
    """Entities decoded, width and compatibility forms plain, blanks alike, invisible signs off."""
    if not text.isascii():
        text = _repaired(text)
    if "&" in text:
        text = _ENTITY.sub(_decoded, text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if not (text.isascii() and text.isprintable()):
        text = "".join(letter for place, letter in enumerate(text) if _is_visible(text, place))
    return _BLANKS.sub(" ", text).strip()


def _repaired(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252: `mÃ¼nchen` becomes `münchen`."""
    try:
        return text.encode("cp1252").decode()
    except UnicodeError:
        return text


def _decoded(entity: re.Match[str]) -> str:
    from html import unescape  # noqa: PLC0415 - 3 ms, and hardly any address needs it

    return unescape(entity[0])


def _is_visible(text: str, place: int) -> bool:
    letter = text[place]
    if letter in JOINERS:
        around = text[place - 1 : place] + text[place + 1 : place + 2]
        return len(around) == 2 and all(neighbour.isalpha() and neighbour > "\u05ff" for neighbour in around)
    if letter in _FILLERS or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef":
        return False
    kind = unicodedata.category(letter)
    return kind not in ("Cf", "Cc", "Co", "Cs") or letter.isspace()


def _split(text: str) -> list[str]:
    """The items of a list; what is in quotes, in brackets or in a comment separates nothing."""
    if _SEPARATORS.isdisjoint(text):
        return [text]
    items, begin, closing = [], 0, ""
    for place, letter in enumerate(text):
        if closing:
            closing = "" if letter == closing and text[place - 1] != "\\" else closing
        elif letter in _CLOSING and _CLOSING[letter] in text[place + 1 :]:
            closing = _CLOSING[letter]
        elif letter in _SEPARATORS and _separates(text, begin, place):
            items.append(text[begin:place])
            begin = place + 1
    return [*items, text[begin:]]


def _separates(text: str, begin: int, place: int) -> bool:
    """Behind an address, or before a blank: `ada,b@fabrikam.example` may be a slip for `ada.b@...`."""
    if text[place] == "\n" or "@" in text[begin:place]:
        return True
    return text[place] != "|" and text[place + 1 : place + 2].isspace()


_CLOSING = {'"': '"', "<": ">", "(": ")"}

_IN_ANGLES = re.compile(r"<([^<>]*@[^<>]*)>|(?:^|\s)<([^<>]*@[^<>]*)$")
_COMMENT = re.compile(r"\([^()]*\)")
_MOST_NESTED = 8  # comments within comments, quotes within quotes
_LABEL = re.compile(
    r"^[\s'\"\[(\u2018\u201c\u201e\u00ab]*"
    r"(?:mailto|(?:e-?)?mail(?:[- ]?(?:address|adresse|addr|id))?|smtp|sip|to|from|cc|bcc|courriel|correo|e-?posta?)\s*:\s*(?://)?",
    re.IGNORECASE,
)
_LINK = re.compile(r"^[\s<'\"\[(]*mailto:", re.IGNORECASE)
_LINKED = re.compile(r"\bmailto:\s*[^\s\"'<>()\[\]]+", re.IGNORECASE)
_AT = re.compile(r"\s*@\s*")
_PAIRS = {
    "'": "'", '"': '"', "`": "`", "*": "*", "_": "_", "[": "]", "{": "}", "(": ")",
    "\u201c": "\u201d", "\u201e": "\u201c", "\u201d": "\u201d", "\u2018": "\u2019", "\u201a": "\u2018",
    "\u2019": "\u2019", "\u00ab": "\u00bb", "\u00bb": "\u00ab", "\u2039": "\u203a", "\u300c": "\u300d",
    "\u3010": "\u3011",
}  # fmt: skip
_STRAY = "'\"\u2018\u201c\u201e\u00ab[( "  # without their other half; one quote marks text in spreadsheets
_AROUND = re.compile(r"\s*([@.])\s*")
_BEHIND = re.compile(r"[?/\\<>\"'\u2018-\u201f\u00ab\u00bb:!#*`)\]{}&=%~^$+|\u2026].*$", re.DOTALL)


def _of_item(item: str) -> Iterator[str]:
    """What of one item may be the address, the likeliest first."""
    item = _AT.sub("@", item.strip())
    is_link = _LINK.match(item) is not None
    plain = _AT.sub("@", _without_comments(item))
    for inside in _IN_ANGLES.finditer(plain):
        yield from _bared(inside[1] or inside[2], is_link=is_link)
    if not _IN_ANGLES.search(plain):
        yield from _bared(plain, is_link=is_link)
    for link in _LINKED.finditer(item):
        yield from _bared(link[0], is_link=True)


def _without_comments(item: str) -> str:
    """Without comments, nested ones too, unless nothing else has an @: `Ada (ada@fabrikam.example)`."""
    for _ in range(_MOST_NESTED):
        less = _COMMENT.sub(" ", item)
        if less == item or "@" not in less or _is_quoted(item):
            break
        item = less
    return item.strip()


def _is_quoted(item: str) -> bool:
    """The comment may be part of a quoted local part: `"ada(work)"@fabrikam.example`."""
    return re.match(r'\s*"[^"]*\([^"]*"@', item) is not None


def _bared(text: str, *, is_link: bool) -> Iterator[str]:
    """The text without labels, pairs of quotes or brackets, and what follows the domain."""
    text = text.strip()
    for _ in range(_MOST_NESTED):
        before = text
        is_link = is_link or _LINK.match(text) is not None
        text = _unpaired(_LABEL.sub("", text)).strip()
        if text == before:
            break
    if is_link or "@" not in text:
        text = _unquoted(text.partition("?")[0] if is_link else text)
    text = text.lstrip(";,: \u2022\u00b7")
    quoted = re.match(r'"(?:[^"\\]|\\.)*"\s*@', text)
    cut = quoted.end() if quoted else text.find("@") + 1
    if not cut:
        return
    domain = _domain(text[cut:])
    if text[0] in _STRAY and not quoted:
        yield text[:cut].lstrip(_STRAY) + domain
    yield text[:cut] + domain


def _unpaired(text: str) -> str:
    """Without one pair of quotes or brackets around all of it, and without a stray one at the end."""
    if len(text) > 2 and _PAIRS.get(text[0]) == text.rstrip(" .,;:!")[-1:] and "@" in text:
        inner = text[1:].rstrip(" .,;:!")[:-1]
        if text[0] not in '"_*`' or text[0] not in inner.strip(text[0]):
            return inner
    if "(" in text and "@" not in text.partition("(")[0]:
        return text.partition("(")[2].rpartition(")")[0]
    return text


def _unquoted(text: str) -> str:
    """Percent-decoded, as links are."""
    if "%" not in text:
        return text
    from urllib.parse import unquote  # noqa: PLC0415 - hardly any address needs it

    return plain_text(unquote(text, errors="replace"))


def _domain(text: str) -> str:
    """The domain at the start of a text; all of it if words follow that may belong to it."""
    text = _BEHIND.sub("", text.strip().replace("\u3002", "."))
    text = _AROUND.sub(r"\1", text)
    first, blank, rest = text.partition(" ")
    if blank and "@" not in rest and any(map(str.isalnum, rest)) and not re.match(r"[-\u2013\u2014]+ ", rest):
        return text
    return first.rstrip(".,;-_\u2013\u2014")
