"""A client's side of the protocol: writes performatives, reads what comes back; and plain ends of links."""

from local.emulators.servicebus import codec
from local.emulators.servicebus.frames import AMQP, PROTOCOL_HEADERS, FrameBuffer, encode_frame
from local.emulators.servicebus.performatives import (
    SENDER,
    Attach,
    Begin,
    Flow,
    Open,
    Transfer,
    decode_performative,
    encode_performative,
)
from local.emulators.servicebus.protocol import Protocol

WINDOW = 1000


def frame(performative, channel=0, payload=b""):
    return encode_frame(encode_performative(performative) + payload, channel=channel)


def terminus(descriptor, address, **fields):
    items = [codec.encode_string(address), *[codec.NULL] * 6, fields.get("filter", codec.NULL)]
    return codec.encode_described(descriptor, codec.encode_list(items))


def attach(name, handle, role=SENDER, channel=0, **fields):
    source, target = terminus(0x28, name, **fields), terminus(0x29, name)
    return frame(Attach(name, handle, role, source=source, target=target), channel)


def begin(channel=0, window=WINDOW):
    return frame(Begin(None, 0, window, WINDOW), channel)


def flow(handle=None, credit=None, *, seen=0, window=WINDOW, count=None, drain=False, echo=False):
    """Args: `seen` = transfers received, `count` = deliveries counted on the link."""
    return frame(Flow(seen, window, 0, WINDOW, handle, count, credit, drain=drain, echo=echo))


def transfer(handle, delivery_id=0, message_format=None, *, channel=0, payload=b"body", **fields):
    return frame(Transfer(handle, delivery_id, b"tag", message_format, **fields), channel, payload)


HEADER = PROTOCOL_HEADERS[AMQP]
OPEN = HEADER + frame(Open("test"))
BEGUN = OPEN + begin()


class Taking:
    """The end of a link, which takes what comes and sends what it is given."""

    def __init__(self, link, messages):
        self.link, self.messages = link, messages
        self.outcomes, self.credits = [], 0
        self.is_detached = False

    def on_message(self, delivery):
        self.messages.append((self.link.name, delivery.message_format, delivery.message))

    def on_credit(self):
        self.credits += 1

    def on_outcome(self, delivery, state):
        self.outcomes.append((delivery.token, state))

    def on_detached(self):
        self.is_detached = True


class Peer:
    """Talks to a `Protocol` that accepts every link, but for those called `refused`."""

    def __init__(self):
        self.ends, self.messages = [], []
        self.protocol = Protocol(self, lambda: None)
        self._frames = FrameBuffer()
        self._header = b""

    def attach_incoming(self, link):
        if link.name == "refused":
            link.refuse("amqp:not-found", "There is nothing.")
        else:
            self.ends.append(Taking(link, self.messages))
            link.accept(self.ends[-1])

    attach_outgoing = attach_incoming

    def send(self, data):
        """What comes back, decoded: channel, performative, payload; None for a heartbeat."""
        self.protocol.feed(data)
        return self.answers()

    def answers(self, now=0.0):
        output = self.protocol.take_output(now)
        if not self._header:
            self._header, output = output[:8], output[8:]
        self._frames.add(output)
        found = []
        while (read := self._frames.take_frame()) is not None:
            found.append((read.channel, *decode_performative(read.body)) if read.body else None)
        return found


def only(answers, kind):
    """The performatives of one kind among answers."""
    return [answer[1] for answer in answers if isinstance(answer[1], kind)]
