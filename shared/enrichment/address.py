"""Read the e-mail address out of what was typed: what enrichment shows is what a lead's id is made of."""

import re
from contextlib import suppress
from typing import NamedTuple

from shared.enrichment.domain import readable

LONGEST_ADDRESS = 1000  # characters of what may be an address, before its domain is in ASCII
LONGEST_IN_ALL = 254  # characters (RFC 5321, erratum 1690)
LONGEST_LOCAL_PART = 64  # characters (RFC 5321, section 4.5.3.1.1)


JOINERS = "\u200c\u200d"  # between letters of Persian or of Indic scripts they belong to a domain


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
    if text and re.fullmatch(_SIMPLE, simple := text.strip()):
        return _checked(simple)
    if not text or (text.isascii() and _MAY_HOLD_ONE.isdisjoint(text)):
        return None
    from shared.enrichment.written_address import candidates  # noqa: PLC0415 - most are simple

    found = map(_checked, candidates(text, whole=whole))
    return next((address for address in found if address is not None), None)


_MAY_HOLD_ONE = frozenset("@%&")  # an @, or one that a link or an entity encodes
_SIMPLE = r"[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9.-]*[A-Za-z0-9]"


def fold_local_part(text: str) -> str:
    """Fold case letter by letter: `ẞ` and `ß` are alike, `ss` is another name."""
    return "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    folded = letter.casefold()
    return folded if len(folded) == 1 else letter.lower()


# What nearly all are: the validators and their tables aren't loaded for them.
_USUAL_LOCAL_PART = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9])"
_NO_MAIL = frozenset({"arpa", "local", "onion"})  # top-level names without public mailboxes


def _checked(written: str) -> Address | None:
    """The parts of what may be an address; None if it isn't one."""
    typed, _, domain = written.rpartition("@")
    if len(written) > LONGEST_ADDRESS or len(typed) > LONGEST_LOCAL_PART or not typed:
        return None
    host = _host(domain)
    if not re.fullmatch(_HOST, host) or host.rpartition(".")[2] in _NO_MAIL:
        return None
    local_part = typed.lower() if typed.isascii() else typed
    if not re.fullmatch(_USUAL_LOCAL_PART, local_part):
        local_part = _validated(local_part)
    is_short = len(local_part) + 1 + len(host) <= LONGEST_IN_ALL
    return Address(local_part, host) if local_part and is_short else None


def _host(domain: str) -> str:
    """The host in lower-case ASCII; empty if IDNA 2008 has no form of it."""
    domain = domain.lower()
    if domain.isascii() and "xn--" not in domain:
        return domain
    import idna  # noqa: PLC0415 - its tables take 2 MB, and few domains need them

    for spelling in (domain, domain.translate(dict.fromkeys(map(ord, JOINERS)))):
        with suppress(UnicodeError):
            return idna.encode(spelling, uts46=True).decode("ascii")
    return ""


def _validated(local_part: str) -> str:
    """A local part in quotes, or of other alphabets, in its shortest form; empty if it isn't valid."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 27 ms, rarely needed

    typed = "".join(letter for letter in local_part if letter not in JOINERS)
    try:
        address = validate_email(f"{typed}@a.example", check_deliverability=False, allow_quoted_local=True)
    except EmailNotValidError:
        return ""
    return fold_local_part(address.local_part)
