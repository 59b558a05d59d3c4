"""The CPU time of importing the app, compared with the packages that it can't do without."""

from collections.abc import Sequence

from bench.checkouts import Checkout
from bench.figures import Measured, Quantity
from bench.processes import output_of, say

TIMEOUT = 60.0  # seconds for one import
STATEMENTS = {
    "app": "import function_app",
    "bare": "import azure.functions, azure.data.tables",
}
QUANTITIES = [
    Quantity("app", "CPU ms", peer="bare", bound="at most 1.35"),
    Quantity("bare", "CPU ms"),
]
# The app's folder comes last on the path, as in Azure.
_SCRIPT = """
import sys, time
sys.path.append(sys.argv[1])
started = time.process_time()
{statement}
print((time.process_time() - started) * 1000, "pydantic" in sys.modules)
"""


def measure(checkouts: Sequence[Checkout], turns: int) -> tuple[Measured, dict[str, bool]]:
    """CPU milliseconds of fresh processes, and for each checkout whether the app imports pydantic."""
    measured: Measured = {}
    has_pydantic: dict[str, bool] = {}
    for turn in range(turns + 1):
        if turn:
            say(f"import: turn {turn} of {turns}")
        for checkout in checkouts:
            for name, statement in STATEMENTS.items():
                milliseconds, pydantic = _import_once(checkout, statement)
                if name == "app":
                    has_pydantic[checkout.name] = pydantic
                if turn:  # turn 0 warms up
                    measured.setdefault((checkout.name, name), []).append(milliseconds)
    return measured, has_pydantic


def _import_once(checkout: Checkout, statement: str) -> tuple[float, bool]:
    command = [checkout.python, "-P", "-c", _SCRIPT.format(statement=statement), str(checkout.root)]
    milliseconds, pydantic = output_of(command, cwd=checkout.root, timeout=TIMEOUT).split()
    return float(milliseconds), pydantic == "True"
