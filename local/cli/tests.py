"""Run the tests: those that ten minutes allow, all of them, or those at given paths."""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import pytest

from local.toolchain import ROOT

WORKERS = "4"  # on two cores: most of a run is waiting for the real parts
SIDE_BY_SIDE = ("-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder")
WITHOUT_CAMPAIGNS = ("-m", "not campaign")
OPTIONS_WITH_A_VALUE = ("-k", "-m", "-n", "-c", "-o", "-p", "-r", "-W")
ABOUT = """\
Runs the tests that ten minutes allow, several files at once. With paths it runs just those, one after
another. Any other option goes to pytest: -k WORDS, -x, --pdb, ... A skipped test fails the run."""


class CompleteRun:
    """A plugin of pytest: fails a run that skips a test, as nothing shows then what the test promises."""

    def __init__(self) -> None:
        """Start with no skipped test."""
        self.skipped: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a file that skips itself."""
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a test that was skipped, or that is expected to fail."""
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run."""
        if self.skipped and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what was skipped."""
        for test in self.skipped:
            terminalreporter.write_line(f"dev.py: skipped, so this run fails: {test}", red=True)


def pytest_options(words: Sequence[str]) -> list[str]:
    """What pytest is called with, for what was typed after `dev.py test`; `--help` and the like end here."""
    parser = argparse.ArgumentParser(
        prog="dev.py test",
        usage="dev.py test [--all] [PATH ...] [OPTION OF PYTEST ...]",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--all", action="store_true", help="also the campaigns, the tests that take minutes each; for CI"
    )
    known, rest = parser.parse_known_args(words)
    if names_paths(rest):
        return rest
    return [*SIDE_BY_SIDE, *(() if known.all else WITHOUT_CAMPAIGNS), *rest]


def names_paths(options: Sequence[str]) -> bool:
    """Whether options of pytest name files, folders or single tests."""
    return any(
        before not in OPTIONS_WITH_A_VALUE and not word.startswith("-") and is_path(word)
        for before, word in pairwise(["", *options])
    )


def is_path(word: str) -> bool:
    """`tests/leads` and `tests/leads/test_intake.py::test_a_push` are, words for `-k` are not."""
    return (ROOT / word.partition("::")[0]).exists()


if __name__ == "__main__":
    # Hundreds of processes begin, workers and parts of stacks: each would compile all packages for itself.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(pytest.main(pytest_options(sys.argv[1:]), plugins=[CompleteRun()]))
