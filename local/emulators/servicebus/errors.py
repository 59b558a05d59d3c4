"""Errors that the broker sends to a client, each with its AMQP condition and its status code."""

from typing import ClassVar


class ServiceBusError(Exception):
    """An error that is sent to the client; `str()` of it is the description."""

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
        super().__init__(f"There is no scheduled message with sequence number {sequence_number}.")


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
