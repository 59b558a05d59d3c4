"""Service Bus triggers: peek-lock, renewal while the function runs, then complete or abandon.

A listener has up to `maxConcurrentCalls` slots. Each slot has a receiver and connection of its own: it
receives one message, has it processed, settles it, and receives the next. In a receiver shared by several
coroutines a read would hold the socket while the others wait until it times out, 0.2 s by default. Slots
are opened as messages arrive and closed when they are idle, because an idle receiver polls its socket.
"""

import asyncio
import itertools
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage, ServiceBusReceiveMode
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

from local.emulators.functions.errors import StartError
from local.emulators.functions.host_json import ServiceBusOptions
from local.emulators.functions.supervision import set_within
from local.emulators.functions.triggers import ServiceBusTrigger

_log = logging.getLogger(__name__)

_FIRST_BACK_OFF, _LAST_BACK_OFF = 0.2, 5.0  # seconds
_SOCKET_TIMEOUT = 0.05  # seconds that a read may hold the connection while a settlement waits
_SPARE_SLOTS = 2
_IDLE_LIMIT = 60.0  # seconds without a message after which a surplus slot closes
_RENEW_AFTER = 0.5  # share of the time left on a lock
_CLOSE_LIMIT = 5.0  # seconds; without its peer a receiver can't detach


class SettlementFailed(Exception):
    """The connection was lost before the message was settled; the broker will deliver it again."""


class ServiceBusListener:
    """Delivers the messages of one entity to one function; reconnects without limit."""

    def __init__(
        self,
        function: str,
        trigger: ServiceBusTrigger,
        options: ServiceBusOptions,
        process: Callable[[ServiceBusReceivedMessage], Awaitable[bool]],
    ) -> None:
        """`process` returns whether the function succeeded; it never raises what the function raised.

        Raises:
            StartError: the connection string can't be read, or the function would have to settle.
        """
        if not options.auto_complete_messages:
            raise StartError(
                f"function {function}: autoCompleteMessages is off, but Python can't settle messages"
            )
        self._function, self._trigger, self._options, self._process = function, trigger, options, process
        try:
            self._client = _client(trigger.connection_string)
        except ValueError as exc:
            raise StartError(f"function {function}: the Service Bus connection string isn't valid") from exc
        self._outage = Outage(f"{function}: {trigger.entity}")
        self._slots = self._busy = 0
        self._numbers = itertools.count(1)

    async def keep_receiving(self, stopping: asyncio.Event) -> None:
        """Receive until `stopping`; messages received by then are still processed and settled."""
        async with asyncio.TaskGroup() as group:
            self._open_slots(group, stopping)

    @property
    def _wanted_slots(self) -> int:
        """Twice the busy slots and some spares, so that a burst opens all slots within a few messages."""
        return min(self._options.max_concurrent_calls, 2 * self._busy + _SPARE_SLOTS)

    def _open_slots(self, group: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        while self._slots < self._wanted_slots and not stopping.is_set():
            self._slots += 1
            number = next(self._numbers)
            group.create_task(self._slot(number, group, stopping), name=f"{self._function} slot {number}")

    async def _slot(self, number: int, group: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        back_off = _FIRST_BACK_OFF
        while not stopping.is_set():
            try:
                async with self._receiver() as receiver:
                    self._outage.ended(number)
                    back_off = _FIRST_BACK_OFF
                    await self._receive_until(group, stopping, receiver)
                    return
            except (ServiceBusError, SettlementFailed) as exc:
                self._outage.began(number, exc)
                await set_within(stopping, back_off)
                back_off = min(back_off * 2, _LAST_BACK_OFF)

    @asynccontextmanager
    async def _receiver(self) -> AsyncIterator[ServiceBusReceiver]:
        receiver = self._new_receiver()
        try:
            await receiver.__aenter__()
            yield receiver
        finally:
            await _close(receiver)

    def _new_receiver(self) -> ServiceBusReceiver:
        trigger = self._trigger
        receiver_options: dict[str, Any] = {
            "receive_mode": ServiceBusReceiveMode.PEEK_LOCK,
            "prefetch_count": self._options.prefetch_count,
            "socket_timeout": _SOCKET_TIMEOUT,
        }
        if trigger.queue is not None:
            return self._client.get_queue_receiver(trigger.queue, **receiver_options)
        return self._client.get_subscription_receiver(
            trigger.topic or "", trigger.subscription or "", **receiver_options
        )

    async def _receive_until(
        self, group: asyncio.TaskGroup, stopping: asyncio.Event, receiver: ServiceBusReceiver
    ) -> None:
        """Receive messages until the host stops, or until this slot is idle and surplus."""
        while not stopping.is_set():
            messages = await _next_message(receiver, stopping)
            if not messages and self._slots > self._wanted_slots:
                self._slots -= 1  # before it closes, or every idle slot would count itself as surplus
                return
            for message in messages:
                self._busy += 1
                self._open_slots(group, stopping)
                try:
                    await self._deliver(receiver, message)
                finally:
                    self._busy -= 1

    async def _deliver(self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> None:
        processed = asyncio.Event()
        renewal = asyncio.create_task(
            keep_lock(receiver, message, self._options.max_auto_lock_renewal, processed, self._function)
        )
        try:
            succeeded = await self._process(message)
        finally:
            # Signalled, not cancelled: a request cut off half-way would leave the connection out of step.
            processed.set()
            await renewal
        await self._settle(receiver, message, succeeded=succeeded)

    async def _settle(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, *, succeeded: bool
    ) -> None:
        try:
            await (receiver.complete_message(message) if succeeded else receiver.abandon_message(message))
        except MessageLockLostError:
            _log.warning("%s: the lock of a message was lost, so it will be delivered again", self._function)
        except ServiceBusError as exc:
            raise SettlementFailed("a message couldn't be settled") from exc
        except ValueError as exc:  # the client closed itself when a renewal found the connection lost
            raise SettlementFailed("a message couldn't be settled") from exc


def _client(connection_string: str) -> ServiceBusClient:
    # The client loads the system's certificates for each connection, even for one without TLS: 60 ms in
    # which nothing else runs. A context of ours is loaded once, and not at all for an emulator.
    emulated = "usedevelopmentemulator=true" in connection_string.lower()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if emulated else ssl.create_default_context()
    # No retries inside the client: they would hide failed settlements and outages from the listener.
    return ServiceBusClient.from_connection_string(connection_string, retry_total=0, ssl_context=context)


async def _next_message(
    receiver: ServiceBusReceiver, stopping: asyncio.Event
) -> list[ServiceBusReceivedMessage]:
    """The next message; none if the host stops first, or if none arrives within `_IDLE_LIMIT`.

    One message per call, because a call for more waits 0.2 s for them after the first.
    """
    receive = asyncio.create_task(receiver.receive_messages(max_message_count=1, max_wait_time=_IDLE_LIMIT))
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({receive, stop}, return_when=asyncio.FIRST_COMPLETED)
        return receive.result() if receive.done() else []
    finally:
        stop.cancel()
        if not receive.done():
            receive.cancel()
            await asyncio.wait({receive})


async def keep_lock(
    receiver: ServiceBusReceiver,
    message: ServiceBusReceivedMessage,
    limit: timedelta,
    processed: asyncio.Event,
    function: str,
) -> None:
    """Renew the lock of a message until it is processed, at most for `limit`.

    A renewal that fails is logged and not repeated: the message is then delivered again.
    """
    renew_until = datetime.now(UTC) + limit
    while (locked_until := message.locked_until_utc) is not None:
        now = datetime.now(UTC)
        renew_at = now + (locked_until - now) * _RENEW_AFTER
        if renew_at >= renew_until:
            return
        if await set_within(processed, max((renew_at - now).total_seconds(), 0)):
            return
        try:
            await receiver.renew_message_lock(message)
        except (ServiceBusError, ValueError) as exc:
            _log.warning("%s: the lock of a message couldn't be renewed (%s)", function, type(exc).__name__)
            return


async def _close(receiver: ServiceBusReceiver) -> None:
    try:
        async with asyncio.timeout(_CLOSE_LIMIT):
            await receiver.close()
    except Exception as exc:  # noqa: BLE001 - a lost connection may raise anything, and is logged already
        _log.debug("closing a receiver: %r", exc)


class Outage:
    """Logs once that an entity can't be reached and once that it can again, not once per slot."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._slots: set[int] = set()

    def began(self, slot: int, reason: BaseException) -> None:
        """A slot has lost its connection, or can't get one."""
        if not self._slots:
            _log.warning(
                "%s can't be reached (%s); trying again until it can", self._what, _first_line(reason)
            )
        self._slots.add(slot)

    def ended(self, slot: int) -> None:
        """A slot has a connection; a second call does nothing."""
        if slot in self._slots:
            self._slots.remove(slot)
            if not self._slots:
                _log.info("%s can be reached again", self._what)


def _first_line(reason: BaseException) -> str:
    cause = reason.__cause__ if isinstance(reason, SettlementFailed) and reason.__cause__ else reason
    return f"{type(cause).__name__}: {str(cause).partition('\n')[0]}"
