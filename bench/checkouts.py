"""This checkout, and another commit of the project beside it."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.processes import BenchFailed, output_of, say

ROOT = Path(__file__).resolve().parent.parent
THIS = "this checkout"
PREPARE_TIMEOUT = 1500.0  # seconds; packages may have to be installed
GIT_TIMEOUT = 120.0  # seconds
COMPILE_TIMEOUT = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Checkout:
    """A tree of the project and the Python of its `.venv`."""

    name: str
    root: Path
    python: str


@contextlib.contextmanager
def checkouts(against: str | None, root: Path = ROOT) -> Iterator[list[Checkout]]:
    """This checkout as it is, uncommitted changes included; before it the commit `against`, if there is one.

    The commit is a temporary worktree with a `.venv` of its own. Both have their `.pyc` files.

    Raises:
        BenchFailed: there is no such commit, or its tree can't be prepared.
    """
    this = Checkout(THIS, root, sys.executable)
    with contextlib.ExitStack() as stack:
        trees = [stack.enter_context(_worktree(against, root)), this] if against else [this]
        for tree in trees:
            _compile(tree)
        yield trees


@contextlib.contextmanager
def _worktree(commit: str, root: Path) -> Iterator[Checkout]:
    name = _short_name(commit, root)
    with tempfile.TemporaryDirectory(prefix="bench-against-") as folder:
        tree = Path(folder).resolve() / "tree"
        try:
            output_of(["git", "worktree", "add", "--detach", tree, name], cwd=root, timeout=GIT_TIMEOUT)
            say(f"{name}: preparing its .venv")
            # Its dev.py makes .venv before any command; this one does nothing else.
            output_of([sys.executable, "dev.py", "bench", "--help"], cwd=tree, timeout=PREPARE_TIMEOUT)
            yield Checkout(name, tree, str(tree / ".venv" / "bin" / "python"))
        finally:
            if tree.exists():
                _remove(tree, root)


def _remove(tree: Path, root: Path) -> None:
    """Remove a worktree; a failure is shown, and doesn't hide what ended the bench."""
    try:
        output_of(["git", "worktree", "remove", "--force", tree], cwd=root, timeout=GIT_TIMEOUT)
    except BenchFailed as exc:
        say(f"{exc}\n`git worktree prune` forgets {tree}.")


def _short_name(commit: str, root: Path) -> str:
    command = [
        "git",
        "rev-parse",
        "--verify",
        "--quiet",
        "--short",
        "--end-of-options",
        f"{commit}^{{commit}}",
    ]
    try:
        return output_of(command, cwd=root, timeout=GIT_TIMEOUT).strip()
    except BenchFailed as exc:
        raise BenchFailed(f"There is no commit {commit!r} in {root.name}.") from exc


def _compile(tree: Checkout) -> None:
    """Without `.pyc` files an import takes twice as long; packages have theirs."""
    sources = ("function_app.py", "functions", "shared", "local")
    output_of([tree.python, "-m", "compileall", "-q", *sources], cwd=tree.root, timeout=COMPILE_TIMEOUT)
