"""The SASL exchange before a connection opens: every mechanism of the client libraries is accepted.

Authorization comes later, with the token that is put to `$cbs`.
"""

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.frames import SASL, encode_frame
from local.emulators.servicebus.performatives import (
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    decode_performative,
    encode_performative,
)

# Python and Node choose ANONYMOUS; MSSBCBS is the only one that the .NET client knows.
_MECHANISMS = ("ANONYMOUS", "PLAIN", "EXTERNAL", "MSSBCBS")
_OK, _REFUSED = 0, 1


def mechanisms() -> bytes:
    """The frame that offers the mechanisms."""
    offered = codec.encode_array([codec.encode_symbol(name) for name in _MECHANISMS])
    return encode_frame(encode_performative(SaslMechanisms(offered)), kind=SASL)


def answer(body: bytes) -> tuple[bytes, bool]:
    """The frame that ends the exchange, and whether the mechanism is accepted.

    Args:
        body: of the client's frame with the mechanism that it chose.

    Raises:
        CodecError: it isn't a `sasl-init`.
    """
    chosen, _ = decode_performative(body)
    if not isinstance(chosen, SaslInit):
        raise CodecError(f"sasl-init expected, not {type(chosen).__name__}")
    is_accepted = chosen.mechanism in _MECHANISMS
    outcome = SaslOutcome(_OK if is_accepted else _REFUSED)
    return encode_frame(encode_performative(outcome), kind=SASL), is_accepted
