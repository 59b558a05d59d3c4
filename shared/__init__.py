"""The desk itself: pure packages inside, services around them, storage and messaging at the edge."""
