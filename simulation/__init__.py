"""The app under injected faults, and what must hold afterwards. Read it in this order:

- `ports`: the faults of one call; `invariants`: what must hold, checked against rows and published events.
- `environment` and `scenarios`: two actors at work on one lead, and the state that outlives them.
- `model`: every order of their calls, in memory, with `virtual_time`; exhaustive up to its bounds.
- `faulty_wire`, `parts`, `wire_environment` and `fault_matrix`: every request of an actor fails below the
  SDKs, over real parts.
- `sender`, `simulation` and `witness`: many pushes, and `instances` that die by chance, with clocks of their
  own; `reporters`: what is told about them, late; `notebook`: what was told; `judge`: what must have come of
  it, without the desk's code; `baseline`: the naive handler, which writes, then sends; `wire_witness`: the
  same over real parts; `audit`: the outcome in numbers.

`dev.py bench reliability` runs it all and writes docs/reliability.md; tests/simulation runs a part.
"""
