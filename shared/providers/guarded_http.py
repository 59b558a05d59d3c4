"""HTTP to checked addresses only: no redirects, and a limit on the size of the answer."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Never

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

MAX_ANSWER = 256 * 1024  # bytes, unpacked
CONNECTIONS = 16  # at once; a look-up that finds none free waits within its budget

_opened: ContextVar[list[socket.socket]] = ContextVar("_opened")  # the sockets of this request


class NoAnswer(Exception):
    """There is no usable answer. The text is the class of the error or a status, fit for logs."""


class ForbiddenAddress(OSError):
    """The host is, or resolves to, an address that must not be reached."""


class AnswerTooLong(ValueError):
    """The answer is longer than `MAX_ANSWER`."""


class GuardedResolver(ThreadedResolver):
    """Resolves a name to addresses; one that must not be reached makes the whole name forbidden."""

    def __init__(self, may_reach: Callable[[str], bool]) -> None:
        """Resolve in the running loop's threads."""
        super().__init__()
        self._may_reach = may_reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `ThreadedResolver.resolve`; raises `ForbiddenAddress`."""
        found = await super().resolve(host, port, family)
        if not found or not all(self._may_reach(address["host"]) for address in found):
            raise ForbiddenAddress
        return found


def open_session(may_reach: Callable[[str], bool], headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """A session for `read_json`, without cookies, proxies and `.netrc`; open it in the loop that uses it.

    Every socket is checked again before it connects, because an IP address in a URL is never resolved. No
    connection is reused: aiohttp would repeat a request if the connection turned out to be closed.
    """

    def checked_socket(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, (host, *_) = address
        if not may_reach(str(host)):
            raise ForbiddenAddress
        opened = socket.socket(family, kind, protocol)
        _opened.get().append(opened)
        return opened

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=GuardedResolver(may_reach),
            socket_factory=checked_socket,
            limit=CONNECTIONS,
            force_close=True,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", **headers},
        trust_env=False,
    )


async def read_json(session: aiohttp.ClientSession, url: str) -> Any:
    """The JSON value at a URL; None if there is nothing (404).

    Raises:
        NoAnswer: not reached, another status, too long, broken off, not JSON.
    """
    try:
        with _hanging_up():
            body = await _body_at(session, url)
        return None if body is None else json.loads(body, parse_constant=_refuse)
    except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as exc:  # RuntimeError: nested too deep
        raise NoAnswer(type(exc.__cause__ or exc).__name__) from exc


@contextmanager
def _hanging_up() -> Iterator[None]:
    """Shut a request's sockets when it ends: TLS would wait 30 seconds for a host that hangs to close."""
    opened: list[socket.socket] = []
    token = _opened.set(opened)
    try:
        yield
    finally:
        _opened.reset(token)
        for sock in opened:
            with suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)


async def _body_at(session: aiohttp.ClientSession, url: str) -> bytes | None:
    async with session.get(url, allow_redirects=False) as answer:
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise NoAnswer(f"status {answer.status}")
        body = bytearray()
        async for piece in answer.content.iter_chunked(MAX_ANSWER):
            body += piece
            if len(body) > MAX_ANSWER:
                raise AnswerTooLong
        return bytes(body)


def _refuse(constant: str) -> Never:
    """Refuse `NaN` and `Infinity`: Python reads them, but they aren't JSON."""
    raise ValueError(constant)
