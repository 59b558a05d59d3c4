"""Child processes and worktrees: bounded, and gone afterwards."""

import signal
import subprocess
import sys
import time

import pytest

from bench.checkouts import THIS, checkouts
from bench.cost.stack import host_command
from bench.processes import (
    BenchFailed,
    clean_environment,
    cpu_seconds,
    expect_running,
    output_of,
    started,
    stop,
)

SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); {SLEEP}"


def test_a_process_ends_with_its_block_also_on_ctrl_c(tmp_path):
    sleep = [sys.executable, "-c", SLEEP]
    with (
        pytest.raises(KeyboardInterrupt),
        started(sleep, cwd=tmp_path, log=tmp_path / "log", environment=clean_environment()) as process,
    ):
        raise KeyboardInterrupt
    assert process.returncode == -signal.SIGTERM


def test_a_process_that_does_not_end_is_killed():
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    process.stdout.readline()
    stop(process, timeout=0.2)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL


def test_a_process_that_failed_is_shown_with_the_end_of_its_log(tmp_path):
    fail = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    log = tmp_path / "log"
    with started(fail, cwd=tmp_path, log=log, environment=clean_environment()) as process:
        process.wait(20)
        with pytest.raises(BenchFailed, match=r"the host ended with exit code 1:\nthe port is taken"):
            expect_running(process, time.monotonic() + 20, log, "the host")


def test_a_process_that_is_not_ready_in_time_is_an_error(tmp_path):
    log = tmp_path / "log"
    sleep = [sys.executable, "-c", SLEEP]
    with (
        started(sleep, cwd=tmp_path, log=log, environment=clean_environment()) as process,
        pytest.raises(BenchFailed, match="the host isn't ready in time"),
    ):
        expect_running(process, time.monotonic() - 1, log, "the host")


def test_a_command_is_bounded(tmp_path):
    with pytest.raises(BenchFailed, match=r"took more than 0 s\.$"):
        output_of([sys.executable, "-c", SLEEP], cwd=tmp_path, timeout=0.3)


def test_what_a_command_wrote_is_quoted_only_where_asked(tmp_path):
    fail = [sys.executable, "-c", "raise SystemExit('from https://packages.contoso.com')"]
    with pytest.raises(BenchFailed, match=r"contoso"):
        output_of(fail, cwd=tmp_path, timeout=20)
    with pytest.raises(BenchFailed, match=r"exit code 1\. Run it by hand to see why\.$"):
        output_of(fail, cwd=tmp_path, timeout=20, shows_failure=False)


def test_settings_of_the_caller_reach_no_checkout(monkeypatch):
    for name in ("LEADS_POLICY", "MARKETPLACE_TABLE_STORAGE", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "mine")
    environment = clean_environment(LEADS_TABLE="Leads")
    assert "mine" not in environment.values()
    assert environment["LEADS_TABLE"] == "Leads"


def test_the_cpu_time_of_another_process_grows_with_its_work():
    work = (
        "import sys\nprint('x', flush=True)\nsum(range(5_000_000))\nprint('x', flush=True)\nsys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        process.stdout.readline()
        before = cpu_seconds(process.pid)
        process.stdout.readline()
        assert cpu_seconds(process.pid) > before + 0.005


def test_another_app_is_started_like_the_stacks_own(tmp_path):
    own = ["python", "-P", "-m", "host", str(tmp_path), "--port", "7071", "--no-auth"]
    other = host_command(own, tmp_path, tmp_path / "bare", 9000)
    assert other == ["python", "-P", "-m", "host", str(tmp_path / "bare"), "--port", "9000", "--no-auth"]


@pytest.mark.parametrize("command", [["python", "-m", "host"], ["python", "ROOT"], ["ROOT", "--port"]])
def test_a_host_that_is_started_otherwise_is_an_error(tmp_path, command):
    own = [str(tmp_path) if part == "ROOT" else part for part in command]
    with pytest.raises(BenchFailed, match="doesn't start its app as"):
        host_command(own, tmp_path, tmp_path / "bare", 9000)


@pytest.fixture
def repository(tmp_path):
    """A small repository whose `dev.py` makes a `.venv`, with an uncommitted change."""
    root = tmp_path / "repository"
    make = "import os, pathlib, sys\nvenv = pathlib.Path('.venv/bin')\nvenv.mkdir(parents=True)\n"
    make += "os.symlink(sys.executable, venv / 'python')\n"
    for folder in ("functions", "shared", "local"):
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").touch()
    (root / "function_app.py").write_text("VERSION = 1\n")
    (root / "dev.py").write_text(make)
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@contoso.com"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Begin"]):
        subprocess.run([*git, *command], cwd=root, check=True, timeout=30)
    (root / "function_app.py").write_text("VERSION = 2\n")
    return root


def worktrees(root):
    listed = subprocess.check_output(
        ["git", "worktree", "list", "--porcelain"], cwd=root, text=True, timeout=30
    )
    return listed.count("worktree ")


def test_another_commit_comes_first_and_its_worktree_goes_also_on_ctrl_c(repository):
    def measure():
        with checkouts("HEAD", repository) as (other, this):
            seen.append(other.root)
            assert (other.root / "function_app.py").read_text() == "VERSION = 1\n"
            assert (other.root / "__pycache__").exists()
            assert (this.name, this.root, this.python) == (THIS, repository, sys.executable)
            assert worktrees(repository) == 2
            raise KeyboardInterrupt

    seen = []
    with pytest.raises(KeyboardInterrupt):
        measure()
    assert worktrees(repository) == 1
    assert not seen[0].parent.exists()


def test_a_commit_that_cannot_be_prepared_leaves_no_worktree(repository):
    (repository / "dev.py").write_text("raise SystemExit('Node.js is missing')")
    commit = [
        "git",
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@contoso.com",
        "commit",
        "--quiet",
        "-am",
        "x",
    ]
    subprocess.run(commit, cwd=repository, check=True, timeout=30)
    with pytest.raises(BenchFailed, match=r"Node\.js is missing"), checkouts("HEAD", repository):
        pass
    assert worktrees(repository) == 1
