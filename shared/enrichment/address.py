"""Read the e-mail address out of what was typed: what enrichment shows is what a lead's id is made of."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from shared.enrichment.domain import readable

LONGEST = 1000  # characters that are read; a header with a long name before the address stays readable
LONGEST_ADDRESS = 1000  # characters of what may be an address, before its domain is in ASCII
LONGEST_IN_ALL = 254  # characters (RFC 5321, erratum 1690)
LONGEST_LOCAL_PART = 64  # characters (RFC 5321, section 4.5.3.1.1)


class Address(NamedTuple):
    """A real address: there may be a mailbox of this name."""

    local_part: str  # case folded, in quotes only where it needs them
    host: str  # lower-case ASCII: `xn--mnchen-3ya.example`

    @property
    def canonical(self) -> str:
        """The one spelling of this mailbox, its domain decoded: `ada@münchen.example`."""
        return f"{self.local_part}@{readable(self.host)}"


def read_address(text: str | None, *, whole: bool = False) -> Address | None:
    """The first address of a text; None if it has none.

    What a mail program ignores is left out: invisible and direction signs, `mailto:`, angle brackets and the
    name before them, quotes, comments, and punctuation behind it. Upper and lower case are alike, as are the
    two alphabets of a domain (IDNA 2008: `straße.example` isn't `strasse.example`). Tags and dots of the
    local part stay: without them it may be another person's. `Ada B <Ada@Fabrikam.example>; bo@x.example`
    is `ada@fabrikam.example`; `ada b@fabrikam.example` is none.

    Args:
        text: what was typed.
        whole: the text must be an address, or a list of some, and no sentence that begins with one.
    """
    if text and _SIMPLE.fullmatch(simple := text.strip()):
        return _checked(simple)
    if not text or ("@" not in (plain := plain_text(text[:LONGEST])) and "%40" not in plain):
        return None
    items = _split(plain)
    if whole and any(" " in item.strip() and "@" not in item for item in items[1:]):
        return None
    return next((address for item in items if (address := _read_item(item))), None)


_SIMPLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9.-]*[A-Za-z0-9]")


def fold_local_part(text: str) -> str:
    """Fold case letter by letter: `ẞ` and `ß` are alike, `ss` is another name."""
    return "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    folded = letter.casefold()
    return folded if len(folded) == 1 else letter.lower()


_SEPARATORS = frozenset(";,|\n")
_BLANKS = re.compile(r"[\t\r\f\v\x1c-\x1f\x85\u2028\u2029\u2800 ]+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,24});")
_JOINERS = "\u200c\u200d"  # between letters of Persian or of Indic scripts they belong to a domain
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
    if letter in _JOINERS:
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
    r"(?:mailto|e-?mail|mail|smtp|sip|to|from|cc|bcc|courriel|correo|e-?posta?)\s*:\s*(?://)?",
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
_BEHIND = re.compile(r"[?/\\<>\"'\u2018-\u201f\u00ab\u00bb:!#*`)\]}&=\u2026].*$", re.DOTALL)


def _read_item(item: str) -> Address | None:
    """The address of one item of a list."""
    for candidate in _candidates(_AT.sub("@", item.strip())):
        if address := _checked(candidate):
            return address
    return None


def _candidates(item: str) -> Iterator[str]:
    """What may be the address, the likeliest first."""
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
    return first.rstrip(".,;-\u2013\u2014")


# What nearly all are: the validators and their tables aren't loaded for them.
_USUAL_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9])")
_NO_MAIL = frozenset({"arpa", "local", "onion"})  # top-level names without public mailboxes


def _checked(written: str) -> Address | None:
    """The parts of what may be an address; None if it isn't one."""
    typed, _, domain = written.rpartition("@")
    if len(written) > LONGEST_ADDRESS or len(typed) > LONGEST_LOCAL_PART or not typed:
        return None
    host = _host(domain)
    if not _HOST.fullmatch(host) or host.rpartition(".")[2] in _NO_MAIL:
        return None
    local_part = typed.lower() if typed.isascii() else typed
    if not _USUAL_LOCAL_PART.fullmatch(local_part):
        local_part = _validated(local_part)
    is_short = len(local_part) + 1 + len(host) <= LONGEST_IN_ALL
    return Address(local_part, host) if local_part and is_short else None


def _host(domain: str) -> str:
    """The host in lower-case ASCII; empty if IDNA 2008 has no form of it."""
    domain = domain.lower()
    if domain.isascii() and "xn--" not in domain:
        return domain
    import idna  # noqa: PLC0415 - its tables take 2 MB, and few domains need them

    for spelling in (domain, domain.translate(dict.fromkeys(map(ord, _JOINERS)))):
        with suppress(UnicodeError):
            return idna.encode(spelling, uts46=True).decode("ascii")
    return ""


def _validated(local_part: str) -> str:
    """A local part in quotes, or of other alphabets, in its shortest form; empty if it isn't valid."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 27 ms, rarely needed

    typed = "".join(letter for letter in local_part if letter not in _JOINERS)
    try:
        address = validate_email(f"{typed}@a.example", check_deliverability=False, allow_quoted_local=True)
    except EmailNotValidError:
        return ""
    return fold_local_part(address.local_part)
