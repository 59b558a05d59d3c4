"""The way out to subscribers: topic `leads` on Service Bus, and its twin in memory."""
