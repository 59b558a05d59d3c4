"""What the broker answers when it can't do what a client asks: each error knows its wire form."""

from typing import ClassVar


class ServiceBusError(Exception):
    """A refusal that the client is told about; `str()` of it is the description it gets to read."""

    condition: ClassVar[str]  # AMQP error condition, on links and in `errorCondition`
    status: ClassVar[int]  # status code of a $management or $cbs reply


class EntityNotFoundError(ServiceBusError):
    condition = "amqp:not-found"
    status = 404

    def __init__(self, address: str) -> None:
        super().__init__(f"The messaging entity '{address}' could not be found.")


class MessageLockLostError(ServiceBusError):
    condition = "com.microsoft:message-lock-lost"
    status = 410

    def __init__(self) -> None:
        super().__init__("The lock is not valid: it expired, or the message was settled already.")


class MessageNotFoundError(ServiceBusError):
    condition = "com.microsoft:message-not-found"
    status = 404

    def __init__(self, sequence_number: int) -> None:
        super().__init__(f"There is no such message with sequence number {sequence_number}.")


class MessageTooLargeError(ServiceBusError):
    condition = "amqp:link:message-size-exceeded"
    status = 413

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"The message of {size} bytes exceeds the limit of {limit} bytes.")


class InvalidRequestError(ServiceBusError):
    condition = "com.microsoft:argument-error"
    status = 400


class NotAllowedError(ServiceBusError):
    condition = "amqp:not-allowed"
    status = 400


class UnauthorizedError(ServiceBusError):
    condition = "amqp:unauthorized-access"
    status = 401


class NotBuiltError(ServiceBusError):
    condition = "amqp:not-implemented"
    status = 501

    def __init__(self, what: str) -> None:
        super().__init__(f"This emulator can't do that yet: {what}.")
