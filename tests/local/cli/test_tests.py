"""`dev.py test`: which tests run, and what fails the run."""

import subprocess
import sys

import pytest

from local.cli.tests import SIDE_BY_SIDE, WITHOUT_CAMPAIGNS, pytest_options
from tests.conftest import ROOT


def test_without_paths_all_files_run_side_by_side_but_no_campaign():
    assert pytest_options([]) == [*SIDE_BY_SIDE, *WITHOUT_CAMPAIGNS]


def test_all_runs_the_campaigns_too():
    assert pytest_options(["--all"]) == [*SIDE_BY_SIDE]


@pytest.mark.parametrize("words", [["-x", "--durations=9"], ["-k", "import and not spill"], ["-k", "tests"]])
def test_options_go_to_pytest(words):
    assert pytest_options(words) == [*SIDE_BY_SIDE, *WITHOUT_CAMPAIGNS, *words]


@pytest.mark.parametrize(
    "words",
    [
        ["tests/leads"],
        ["-q", "tests/leads"],
        ["tests/leads/test_intake.py::test_a_push", "-k", "x"],
        ["-k", "x", "tests/leads"],
    ],
    ids=str,
)
def test_with_paths_just_those_run_campaigns_too(words):
    assert pytest_options(words) == words


HERE, IN_A_WORKER = (), ("-n", "1")


@pytest.mark.parametrize(
    ("text", "workers", "code"),
    [
        ("def test_a(): pass", IN_A_WORKER, 0),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): pass\ndef test_b(): pass", HERE, 1),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): pass\ndef test_b(): pass", IN_A_WORKER, 1),
        ("import pytest\n@pytest.mark.xfail\ndef test_a(): assert 1 == 2", IN_A_WORKER, 1),
        ("import pytest\npytest.skip(allow_module_level=True)", IN_A_WORKER, 1),
    ],
    ids=["passed", "skipped", "skipped in a worker", "expected to fail", "a file skipped"],
)
def test_a_skipped_test_fails_the_run_and_is_named(tmp_path, text, workers, code):
    file = tmp_path / "test_it.py"
    file.write_text(f"{text}\n")
    command = [sys.executable, "-m", "local.cli.tests", f"--rootdir={tmp_path}", str(file), *workers]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stdout
    assert ("skipped, so this run fails: test_it.py" in done.stdout) == (code == 1)
