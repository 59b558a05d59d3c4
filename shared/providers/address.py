"""The address of a provider: a template with the place where the domain goes."""

import re
from urllib.parse import quote, urlsplit

PLACE = "{domain}"
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f\\]")


def checked_url(text: str) -> str:
    """A setting's template, trimmed.

    The domain comes from strangers, so its place is in the path or the query: never in the host.

    Raises:
        ValueError: naming the rule that is broken, never the value: it may hold a key.
    """
    url = text.strip()
    if _UNWRITABLE.search(url):
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
    """The template with the domain, percent-encoded, in its place."""
    return template.replace(PLACE, quote(domain, safe="", errors="replace"))


def host_of(template: str) -> str:
    """The host alone: what logs may show."""
    return urlsplit(template).hostname or ""
