"""The emulator and the unmodified asyncio client over real AMQP; nothing here knows the emulator's inside."""
