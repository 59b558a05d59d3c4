"""Azure Service Bus: events to the topic, our own queues, dead letters."""
