"""The promise to call back: its deadline, its breach, its fulfilment."""
