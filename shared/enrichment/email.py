"""E-mail addresses: what they tell by syntax and by lists; nobody is asked."""

import re
import unicodedata

from shared.enrichment.domain import domain_of, readable
from shared.enrichment.facts import EmailFacts
from shared.enrichment.mail_domain import mailbox_kind
from shared.enrichment.mail_typo import meant_domain
from shared.enrichment.mailbox import is_role_account

LONGEST = 320  # characters; the standard allows 254, and finding that out takes 40 ms for 18,000

# Reserved like `.test`, but the validator refuses them; here they are judged as `.test` is.
_RESERVED = re.compile(r"\.(?:invalid|localhost)$", re.IGNORECASE)


def email_facts(text: str | None) -> EmailFacts:
    """What an address tells; all None for none, only `valid` for one that isn't an address.

    Only the syntax is judged, never what can be reached: `example` and `test` domains are valid. The domain
    is in ASCII, the canonical form readable. A slip of the hand in it has a suggestion, but no kind.
    """
    if not text:
        return EmailFacts()
    parts = _parts(unicodedata.normalize("NFKC", text).strip())
    if parts is None:
        return EmailFacts(valid=False)
    name, host = parts
    domain = domain_of(host)
    kind = mailbox_kind(host, domain)
    meant = meant_domain(host, domain) if kind is None else None
    return EmailFacts(
        canonical=f"{name}@{readable(host)}",
        valid=True,
        kind=kind,
        domain=domain.name,
        role_account=is_role_account(name),
        suggestion=f"{name}@{meant}" if meant else None,
    )


def _parts(written: str) -> tuple[str, str] | None:
    """The mailbox's name, case-folded, and the host in lower-case ASCII; None for what is no address."""
    if len(written) > LONGEST:
        return None
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 27 ms, only for a lead

    reserved = _RESERVED.search(written)
    judged = _RESERVED.sub(".test", written)
    try:
        found = validate_email(judged, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    host = found.ascii_domain.lower()
    if reserved:
        host = host.removesuffix(".test") + reserved.group().lower()
    return found.local_part.casefold(), host
