"""The SASL exchange in front of a connection: every mechanism that a client may know is taken.

Who may do what is settled later, by the token that is put to `$cbs`.
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
    """The frame that offers them."""
    offered = codec.encode_array([codec.encode_symbol(name) for name in _MECHANISMS])
    return encode_frame(encode_performative(SaslMechanisms(offered)), kind=SASL)


def answer(body: bytes) -> tuple[bytes, bool]:
    """The frame that ends the exchange, and whether the client may go on.

    Args:
        body: of the client's first frame: which mechanism it chose.

    Raises:
        CodecError: it isn't that.
    """
    chosen, _ = decode_performative(body)
    if not isinstance(chosen, SaslInit):
        raise CodecError(f"a choice of a SASL mechanism expected, not {type(chosen).__name__}")
    may_go_on = chosen.mechanism in _MECHANISMS
    outcome = SaslOutcome(_OK if may_go_on else _REFUSED)
    return encode_frame(encode_performative(outcome), kind=SASL), may_go_on
