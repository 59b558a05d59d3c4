"""The app under injected faults, and what must hold afterwards. Read it in this order:

- `ports`: what can become of one call; `invariants`: what must hold, checked by rows and by published events.
- `environment` and `scenarios`: two actors at work on one lead, and what outlives them.
- `model`: every order of their calls, in memory, with `virtual_time`. Exhaustive, as far as it says.
- `faulty_wire`, `parts`, `wire_environment` and `fault_matrix`: every request of an actor fails below the
  SDKs, over real parts.
- `sender`, `simulation` and `witness`: many pushes, and `instances` that die by chance; `baseline`: the
  handler that writes, sends and hopes; `wire_witness`: the same over real parts; `audit`: what came of it,
  in numbers.

`dev.py bench reliability` runs it all and writes docs/reliability.md; tests/simulation runs a part.
"""
