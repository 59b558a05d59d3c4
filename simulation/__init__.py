"""What the desk is given to suffer, and what must hold afterwards. Read it in this order:

- `ports`: what can become of one call; `invariants`: what must hold, judged by rows and by what was heard.
- `world` and `scenarios`: two actors at work on one lead, and what outlives them.
- `model`: every order of their calls, in memory, with `virtual_time`. Exhaustive, as far as it says.
- `wire`, `parts`, `wire_world` and `matrix`: every request of an actor fails below the SDKs, over real parts.
- `sender`, `town`, `naive` and `witness`: many pushes, `instances` that die by chance, and the handler that
  writes, sends and hopes; `wire_witness`: the same over real parts; `verdict`: what came of it, in numbers.

`dev.py bench reliability` runs it all to its end and writes docs/reliability.md; the tests here run a part.
"""
