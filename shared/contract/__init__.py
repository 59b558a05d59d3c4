"""The contract: request bodies, queries, answers, messages, events, and the documents about them."""
