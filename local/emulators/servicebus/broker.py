"""The broker of one connection: attaches links to entities and nodes, or refuses them with an error."""

import logging
from collections.abc import Iterable

from local.emulators.servicebus import codec
from local.emulators.servicebus.cbs import put_token
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.endpoints import Consumer, Producer, Replies, Requests
from local.emulators.servicebus.entities import Clock
from local.emulators.servicebus.errors import (
    InvalidRequestError,
    MessageTooLargeError,
    NotAllowedError,
    ServiceBusError,
    UnauthorizedError,
)
from local.emulators.servicebus.links import MAX_MESSAGE_SIZE, IncomingLink, OutgoingLink
from local.emulators.servicebus.management import manage
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
_SESSION_FILTER = "com.microsoft:session-filter"
_BATCH_SIZE = codec.encode_map(
    [(codec.encode_symbol("com.microsoft:max-message-batch-size"), codec.encode_ulong(MAX_MESSAGE_SIZE))]
)


class Broker:
    """Refuses every link but those to `$cbs` until the client has put a valid token."""

    def __init__(self, namespace: Namespace, clock: Clock) -> None:
        """Make one per connection."""
        self._namespace = namespace
        self._clock = clock
        self._authorized = False
        self._replies: list[Replies] = []  # links that are attached

    def attach_incoming(self, link: IncomingLink) -> None:
        """Attach or refuse a client's sender: to an entity, or to a node for requests."""
        try:
            self._attach_incoming(link)
        except ServiceBusError as error:
            log.info("link to %r refused: %s", link.address, error.condition)
            link.refuse(error.condition, str(error))

    def attach_outgoing(self, link: OutgoingLink) -> None:
        """Attach or refuse a client's receiver: from an entity, or from a node for replies."""
        try:
            self._attach_outgoing(link)
        except ServiceBusError as error:
            log.info("link to %r refused: %s", link.address, error.condition)
            link.refuse(error.condition, str(error))

    def _attach_incoming(self, link: IncomingLink) -> None:
        node = self._node(link.address)
        if node is not None:
            Requests(link, node, self._answer).open()
        else:
            Producer(link, self._namespace.destination(link.address)).open(_BATCH_SIZE)
        log.debug("link attached to %r", link.address)

    def _attach_outgoing(self, link: OutgoingLink) -> None:
        node = self._node(link.address)
        if node is not None:
            Replies(link, node, self._replies).open()
        else:
            queue = self._namespace.source(link.address)
            if _SESSION_FILTER in link.filters:
                raise NotAllowedError(f"'{queue.path}' has no sessions: receive from it without one.")
            Consumer(link, queue).open()
        log.debug("link attached to %r", link.address)

    def _node(self, address: str) -> str | None:
        """The path of the node at an address; None if the address is an entity's.

        Raises:
            UnauthorizedError: a token must be put first.
            EntityNotFoundError: the `$management` node of an unknown entity.
        """
        path = entity_path(address)
        if path == _CBS:
            return path
        if not self._authorized:
            raise UnauthorizedError(f"A token must be put to $cbs before '{address}' can be used.")
        if not path.endswith(_MANAGEMENT):
            return None
        self._namespace.find(path.removesuffix(_MANAGEMENT))
        return path

    def _answer(self, requests: Requests, raw: bytes) -> None:
        request = parse_request(raw)
        response = self._respond(requests.node, request, len(raw))
        log.debug("%s %s: %d", requests.node, request.operation, response.status)
        replies = _reply_link(self._replies, requests, request)
        if replies is None:
            log.warning("%s %s: no link for the reply", requests.node, request.operation)
            return
        replies.send(encode_response(request, response, hyphenated=requests.node == _CBS))

    def _respond(self, node: str, request: Request, size: int) -> Response:
        try:
            if size > MAX_MESSAGE_SIZE:
                raise MessageTooLargeError(size, MAX_MESSAGE_SIZE)
            if node == _CBS:
                response = put_token(request, self._clock())
                self._authorized = True
                return response
            return manage(self._namespace.find(node.removesuffix(_MANAGEMENT)), request)
        except ServiceBusError as error:
            return refusal(error)
        except CodecError as error:
            return refusal(InvalidRequestError(str(error)))


def _reply_link(attached: Iterable[Replies], requests: Requests, request: Request) -> Replies | None:
    """The link that the request names in `reply-to`, else one in the session of the request's link."""

    def preference(replies: Replies) -> tuple[bool, bool]:
        names = (replies.link.target_address, replies.link.name)
        return request.reply_to in names, replies.link.channel is requests.link.channel

    candidates = [replies for replies in attached if replies.node == requests.node]
    return max(candidates, key=preference, default=None)
