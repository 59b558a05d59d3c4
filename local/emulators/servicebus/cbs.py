"""The node `$cbs` (claims-based security): checks the shared access signature that a client sends."""

import base64
import hashlib
import hmac
from urllib.parse import unquote

from local.emulators.servicebus.errors import UnauthorizedError
from local.emulators.servicebus.request_response import Request, Response

# Published in the official emulator's documentation: not a secret.
KEY_NAME = "RootManageSharedAccessKey"
KEY = "SAS_KEY_VALUE"

_PREFIX = "SharedAccessSignature "


def put_token(request: Request, now: float) -> Response:
    """Accept a token, which lets the connection use every entity.

    Args:
        request: its body is the token.
        now: seconds since the epoch.

    Raises:
        UnauthorizedError: wrong key, malformed or expired.
    """
    if request.operation != "put-token":
        raise UnauthorizedError(f"$cbs doesn't know the operation {request.operation!r}.")
    _verify(request.body, now)
    return Response(202, "Accepted")


def _verify(token: object, now: float) -> None:
    if not isinstance(token, str) or not token.startswith(_PREFIX):
        raise UnauthorizedError("InvalidToken: a shared access signature is expected.")
    fields = dict(part.partition("=")[::2] for part in token.removeprefix(_PREFIX).split("&"))
    resource, expiry = fields.get("sr", ""), fields.get("se", "")
    if fields.get("skn") != KEY_NAME or not hmac.compare_digest(
        unquote(fields.get("sig", "")).encode(), signature(resource, expiry).encode()
    ):
        raise UnauthorizedError("InvalidSignature: The token has an invalid signature.")
    if not expiry.isdecimal() or int(expiry) <= now:
        raise UnauthorizedError("ExpiredToken: The token is expired.")


def signature(resource: str, expiry: str) -> str:
    """The signature of a resource (URL-encoded) until an expiry (seconds since the epoch), in Base64."""
    signed = hmac.new(KEY.encode(), f"{resource}\n{expiry}".encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()
