"""The URL of a provider: a template with a placeholder for the domain."""

import re
from urllib.parse import quote, urlsplit

PLACE = "{domain}"
_UNWRITABLE = r"[\x00-\x20\x7f\\]"


def checked_url(text: str) -> str:
    """Check the template of a setting; returns it trimmed.

    The domain comes from a customer's address, so it may stand in the path or the query, never in the host.

    Raises:
        ValueError: with the broken rule, never the value: it may hold a key.
    """
    url = text.strip()
    if re.search(_UNWRITABLE, url):
        raise ValueError("must hold no blanks, control characters or backslashes")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be a URL") from None  # the cause quotes it
    if parts.scheme != "https":
        raise ValueError("must begin with https://")
    if not host:
        raise ValueError("must name a host")
    if "@" in parts.netloc:
        raise ValueError("must hold no user and password: a header takes them")
    if "#" in url:
        raise ValueError("must have no fragment: it is never sent")
    if url.count(PLACE) != 1 or PLACE in parts.netloc:
        raise ValueError(f"must hold {PLACE} once, after the host")
    if set("{}") & set(url.replace(PLACE, "")):
        raise ValueError(f"must hold no braces but those of {PLACE}")
    return url


def url_for(template: str, domain: str) -> str:
    """The template with the percent-encoded domain."""
    return template.replace(PLACE, quote(domain, safe="", errors="replace"))


def host_of(template: str) -> str:
    """The host alone, fit for logs."""
    return urlsplit(template).hostname or ""
