"""A Service Bus emulator for development: speaks AMQP 1.0 to the unmodified client libraries."""

from local.emulators.servicebus.emulator import Emulator

__all__ = ["Emulator"]
