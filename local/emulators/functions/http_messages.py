"""Translate HTTP requests and answers between aiohttp and the worker's protocol."""

from collections.abc import Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import web
from multidict import CIMultiDict, MultiMapping

from local.emulators.functions.protos import RpcHttp, RpcHttpCookie, Timestamp, TypedData

_SAME_SITE = {1: "Lax", 2: "Strict", 3: "None"}
_FRAMING = {"content-length", "transfer-encoding", "connection", "keep-alive"}  # set by the server


def request_data(request: web.Request, route_values: Mapping[str, str], body: bytes) -> TypedData:
    """The request as the platform's host passes it on.

    Header names are lower case; repeated headers and parameters are joined with commas, and
    parameters with an empty value are left out, as in Azure.
    """
    return TypedData(
        http=RpcHttp(
            method=request.method,
            url=str(request.url),
            headers=_joined(request.headers, lower=True),
            params=dict(route_values),
            query={name: value for name, value in _joined(request.query).items() if value},
            body=TypedData(bytes=body),
        )
    )


def _joined(pairs: MultiMapping[str], *, lower: bool = False) -> dict[str, str]:
    joined: dict[str, str] = {}
    for original, value in pairs.items():
        name = original.lower() if lower else original
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def response_from(value: TypedData | None) -> web.Response:
    """The answer that a function returned: `func.HttpResponse`, or text, which is sent as plain text."""
    if value is None:
        return web.Response(status=HTTPStatus.NO_CONTENT)
    if value.kind != "http":
        return web.Response(text=str(getattr(value, value.kind or "string", "")))
    answer: RpcHttp = getattr(value, "http")  # noqa: B009 - TypedData's attributes depend on its kind
    headers = CIMultiDict(
        (name, text) for name, text in answer.headers.items() if name.lower() not in _FRAMING
    )
    for cookie in answer.cookies or ():
        headers.add("Set-Cookie", set_cookie(cookie))
    body = getattr(answer.body, "bytes", b"")
    response = web.Response(status=int(answer.status_code), body=body)
    response.headers.popall("Content-Type", None)  # aiohttp's default; the function's own comes next
    response.headers.extend(headers)
    return response


def set_cookie(cookie: RpcHttpCookie) -> str:
    """The value of a `Set-Cookie` header, name and value percent-encoded as ASP.NET does it."""
    attributes: Sequence[tuple[str, str | None]] = (
        ("Expires", _http_date(cookie.expires.value) if cookie.expires else None),
        ("Max-Age", f"{cookie.max_age.value:.0f}" if cookie.max_age else None),
        ("Domain", cookie.domain.value if cookie.domain else None),
        ("Path", cookie.path.value if cookie.path else None),
        ("SameSite", _SAME_SITE.get(cookie.same_site)),
    )
    parts = [f"{quote(cookie.name, safe='')}={quote(cookie.value, safe='')}"]
    parts += [f"{name}={text}" for name, text in attributes if text]
    if cookie.secure and cookie.secure.value:
        parts.append("Secure")
    if cookie.http_only and cookie.http_only.value:
        parts.append("HttpOnly")
    return "; ".join(parts)


def _http_date(timestamp: Timestamp) -> str:
    return formatdate(timestamp.seconds, usegmt=True)


def problem(status: HTTPStatus, detail: str) -> web.Response:
    """An error answer of the host itself (RFC 9457); it repeats nothing of the request.

    Azure sends the same statuses without a body; the body is for the developer.
    """
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return web.json_response(document, status=status, content_type="application/problem+json")
