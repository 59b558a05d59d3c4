"""`dev.py bench`, as a developer types it."""

import subprocess
import sys

import pytest

from bench.cost.command import a_third
from tests.conftest import ROOT


def bench(*arguments):
    """Run it: exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_help_names_what_cost_measures():
    code, said, _ = bench("--help")
    assert code == 0
    assert "import, first-answer, intake, memory, package" in " ".join(said.split())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["cost", "--only", "speed"], "invalid choice: 'speed'"),
        (["cost", "--turns", "0"], "turns are a number from 1 to 999"),
        (["cost", "--turns", "1000"], "turns are a number from 1 to 999"),
        (["cost", "--turns", "two"], "turns are a number from 1 to 999"),
        (["enrichment", "--against", "HEAD"], "--against is for cost and scoring"),
        (["cost", "hostile", "--against", "HEAD"], "--against is for cost and scoring"),
        (["--against", "HEAD"], "--against is for cost and scoring"),
    ],
)
def test_a_wrong_use_is_refused_before_anything_runs(arguments, why):
    code, said, problem = bench(*arguments)
    assert (code, said) == (2, "")
    assert why in problem


@pytest.mark.parametrize("name", ["cost", "scoring"])
@pytest.mark.parametrize("commit", ["no-such-commit", "--all"])
def test_a_commit_that_is_not_there_is_named(name, commit):
    code, _, problem = bench(name, f"--against={commit}")
    assert code == 1
    assert f"bench {name}: There is no commit '{commit}'" in problem
    assert "Traceback" not in problem


@pytest.mark.parametrize(("turns", "expected"), [(1, 1), (3, 1), (4, 2), (7, 3)])
def test_what_takes_long_runs_a_third_of_the_turns(turns, expected):
    assert a_third(turns) == expected
