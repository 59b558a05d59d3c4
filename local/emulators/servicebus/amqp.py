"""One client's AMQP connection: answers Proton's events, attaches links, refuses what can't be."""

import logging
from collections.abc import Callable
from typing import Any

from proton import Terminus, symbol, ulong

from local.emulators.servicebus.cbs import put_token
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.entities import Clock
from local.emulators.servicebus.errors import (
    InvalidRequestError,
    NotAllowedError,
    ServiceBusError,
    UnauthorizedError,
)
from local.emulators.servicebus.links import (
    MAX_MESSAGE_SIZE,
    ConsumerLink,
    Endpoint,
    ProducerLink,
    ReplyLink,
    RequestLink,
    error_condition,
)
from local.emulators.servicebus.management import manage
from local.emulators.servicebus.message_formats import Formats, MessageFormats
from local.emulators.servicebus.namespace import Namespace, entity_path
from local.emulators.servicebus.request_response import (
    Request,
    Response,
    encode_response,
    parse_request,
    refusal,
)

log = logging.getLogger(__name__)

_CBS, _MANAGEMENT = "$cbs", "$management"
_BATCH_SIZE = symbol("com.microsoft:max-message-batch-size")
_SESSION_FILTER = "com.microsoft:session-filter"


class ConnectionHandler:
    """Proton calls `on_...` for the events of one connection; the rest of them are ignored.

    Until a valid token was put, every link but those to `$cbs` is refused.
    """

    def __init__(
        self, namespace: Namespace, clock: Clock, formats: MessageFormats, on_output: Callable[[], None]
    ) -> None:
        """Args: `on_output` is called when another client's doing left something to write here."""
        self._namespace = namespace
        self._clock = clock
        self._formats = formats
        self._on_output = on_output
        self._authorized = False
        self._endpoints: dict[tuple[str, bool], Endpoint] = {}  # by link name and whether we send

    # Connection and session

    def on_connection_remote_open(self, event: Any) -> None:
        event.connection.container = "servicebus-emulator"
        event.connection.open()

    def on_connection_remote_close(self, event: Any) -> None:
        self.drop_all()
        event.connection.close()

    def on_session_remote_open(self, event: Any) -> None:
        event.session.open()

    def on_session_remote_close(self, event: Any) -> None:
        for endpoint in list(self._endpoints.values()):
            if endpoint.link.session == event.session:
                self._drop(endpoint.link)
        event.session.close()

    def drop_all(self) -> None:
        """Forget every link, so that no message goes to a client that is gone."""
        for endpoint in list(self._endpoints.values()):
            self._drop(endpoint.link)

    # Links

    def on_link_remote_open(self, event: Any) -> None:
        link = event.link
        address = (link.remote_source if link.is_sender else link.remote_target).address or ""
        formats = None if link.is_sender else self._formats.of_next_link(link.name)
        # The client takes the link for invalid unless it reads its own terms back.
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.snd_settle_mode = link.remote_snd_settle_mode
        link.rcv_settle_mode = link.remote_rcv_settle_mode
        link.max_message_size = MAX_MESSAGE_SIZE
        try:
            self._attach(link, address, formats)
        except ServiceBusError as error:
            log.info("link to %r refused: %s", address, error.condition)
            _refuse(link, error)

    def on_link_remote_close(self, event: Any) -> None:
        self._drop(event.link)
        event.link.close()

    def on_link_remote_detach(self, event: Any) -> None:
        self.on_link_remote_close(event)

    def on_link_flow(self, event: Any) -> None:
        if endpoint := self._endpoint(event.link):
            endpoint.on_flow()

    def on_delivery(self, event: Any) -> None:
        if endpoint := self._endpoint(event.link):
            endpoint.on_delivery(event.delivery)

    def _attach(self, link: Any, address: str, formats: Formats | None) -> None:
        node = entity_path(address)
        if not self._authorized and node != _CBS:
            raise UnauthorizedError(f"A token must be put to $cbs before '{address}' can be used.")
        if node == _CBS or node.endswith(_MANAGEMENT):
            self._attach_node(link, node)
        elif formats is not None:
            self._attach_producer(link, address, formats)
        else:
            self._attach_consumer(link, address)
        log.debug("link attached to %r", address)

    def _attach_node(self, link: Any, node: str) -> None:
        if node != _CBS:
            self._namespace.find(node.removesuffix(_MANAGEMENT))
        if link.is_sender:
            self._add(ReplyLink(link, node))
            link.open()
        else:
            request_link = RequestLink(link, node, self._answer)
            self._add(request_link)
            request_link.open()

    def _attach_producer(self, link: Any, address: str, formats: Formats) -> None:
        entity = self._namespace.destination(address)
        link.properties = {_BATCH_SIZE: ulong(MAX_MESSAGE_SIZE)}
        producer = ProducerLink(link, entity, formats)
        self._add(producer)
        producer.open()

    def _attach_consumer(self, link: Any, address: str) -> None:
        queue = self._namespace.source(address)
        if _SESSION_FILTER in _source_filter(link):
            raise NotAllowedError(f"'{queue.path}' has no sessions: receive from it without one.")
        consumer = ConsumerLink(link, queue, self._on_output)
        self._add(consumer)
        link.open()
        queue.subscribe(consumer)

    def _add(self, endpoint: Endpoint) -> None:
        self._endpoints[endpoint.link.name, endpoint.link.is_sender] = endpoint

    def _endpoint(self, link: Any) -> Endpoint | None:
        return self._endpoints.get((link.name, link.is_sender))

    def _drop(self, link: Any) -> None:
        endpoint = self._endpoints.pop((link.name, link.is_sender), None)
        if isinstance(endpoint, ConsumerLink):
            endpoint.queue.unsubscribe(endpoint)

    # Requests

    def _answer(self, request_link: RequestLink, raw: bytes) -> None:
        request = parse_request(raw)
        response = self._respond(request_link.node, request)
        log.debug("%s %s: %d", request_link.node, request.operation, response.status)
        reply_link = self._reply_link(request_link, request)
        if reply_link is None:
            log.warning("%s %s: nobody awaits the reply", request_link.node, request.operation)
            return
        reply_link.reply(encode_response(request, response, hyphenated=request_link.node == _CBS))

    def _respond(self, node: str, request: Request) -> Response:
        try:
            if node == _CBS:
                response = put_token(request, self._clock())
                self._authorized = True
                return response
            return manage(self._namespace.find(node.removesuffix(_MANAGEMENT)), request)
        except ServiceBusError as error:
            return refusal(error)
        except CodecError as error:
            return refusal(InvalidRequestError(str(error)))

    def _reply_link(self, request_link: RequestLink, request: Request) -> ReplyLink | None:
        """The link the client named in reply-to, else the one beside the request's."""

        def preference(candidate: ReplyLink) -> tuple[bool, bool]:
            names = (candidate.link.remote_target.address, candidate.link.name)
            return request.reply_to in names, candidate.link.session == request_link.link.session

        candidates = [
            endpoint
            for endpoint in self._endpoints.values()
            if isinstance(endpoint, ReplyLink) and endpoint.node == request_link.node
        ]
        return max(candidates, key=preference, default=None)


def _refuse(link: Any, error: ServiceBusError) -> None:
    """Attach with a null terminus at the node's end, then detach with the error.

    With both ends echoed, the Python client takes the link for good and reports a lost connection.
    """
    (link.source if link.is_sender else link.target).type = Terminus.UNSPECIFIED
    link.open()
    link.condition = error_condition(error.condition, str(error))
    link.close()


def _source_filter(link: Any) -> dict[str, Any]:
    data = link.remote_source.filter
    data.rewind()
    return {str(name): value for name, value in (data.get_object() or {}).items()} if data.next() else {}
