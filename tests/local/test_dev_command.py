"""`dev.py`, as a developer types it."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import dev as dev_command
from local import toolchain
from tests.conftest import ROOT


def dev(*arguments, **environment):
    """Run it: exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "dev.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def endpoint():
    """What a push URL does, and what it was sent."""
    taken = []

    class Taking(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            good = b"broken" not in taken[-1]
            answer = {"leadId": "abc", "result": "created"} if good else {"detail": "It isn't JSON."}
            self.send_response(202 if good else 400)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/leads?code=secret", taken
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "²"])
def test_a_port_that_is_none_is_refused_in_plain_words(port: str):
    code, _, told = dev("start", f"--http-port={port}")
    assert (code, "a port is a number from 1 to 65535" in told) == (2, True)


def test_help_names_every_command():
    code, said, _ = dev("--help")
    assert code == 0
    assert all(f"  {command} " in said for command in [*dev_command.MODULES, "check"])


@pytest.mark.parametrize("command", ["start", "push"])
def test_every_command_has_a_help_of_its_own(command):
    code, said, _ = dev(command, "--help")
    assert code == 0
    assert said.startswith(f"usage: dev.py {command}")


@pytest.mark.parametrize(
    "arguments", [[], ["strat"], ["check", "more"], ["push"], ["start", "--http-port", "x"]]
)
def test_a_wrong_use_is_told_and_ends_with_2(arguments):
    code, said, told = dev(*arguments)
    assert code == 2
    assert "usage:" in said + told


def test_push_sends_a_file_as_it_is_and_shows_the_answer(endpoint, tmp_path):
    url, taken = endpoint
    lead = tmp_path / "lead.json"
    lead.write_bytes(b'{"LeadSource":  "x"}')
    assert dev("push", "--to", url, str(lead))[:2] == (0, "lead.json: 202 created abc\n")
    assert taken == [b'{"LeadSource":  "x"}']


def test_push_goes_on_after_a_refusal_and_ends_with_1(endpoint, tmp_path):
    url, taken = endpoint
    for name in ("broken", "good"):
        (tmp_path / name).write_text(name)
    code, said, told = dev(
        "push", "--to", url, *(str(tmp_path / name) for name in ("broken", "none", "good"))
    )
    assert code == 1
    assert said.splitlines() == ["broken: 400 It isn't JSON.", "good: 202 created abc"]
    assert told.startswith("none: ")
    assert len(taken) == 2


def test_push_without_a_stack_says_what_to_do(tmp_path):
    code, _, told = dev("push", "--data", str(tmp_path), "x.json")
    assert (code, "dev.py start" in told) == (1, True)


def test_a_taken_port_is_told_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, told = dev("start", "--http-port", str(port), "--data", str(tmp_path))
    assert (code, told.count("\n")) == (2, 1)
    assert f"Port {port} is taken" in told


def test_what_must_be_installed_by_hand_is_named(monkeypatch):
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: None)
    with pytest.raises(toolchain.Missing, match=r"^Node.js 20 or newer is missing: install it"):
        toolchain._expect_node()


def test_a_command_that_fails_or_is_not_there_is_told_with_what_it_said():
    with pytest.raises(toolchain.Missing, match=r"(?s)^no good.*failed: .* -c"):
        toolchain._run([sys.executable, "-c", "print('no good'); raise SystemExit(3)"])
    with pytest.raises(toolchain.Missing, match="failed: /no/such/program"):
        toolchain._run(["/no/such/program"])


def test_a_machine_without_python_313_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(toolchain, "_is_wanted", lambda _: False)
    with pytest.raises(toolchain.Missing, match=r"^Python 3.13 is missing: install it \(for example"):
        toolchain.find_python()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A checkout and a cache of their own; commands are noted in `ran`, and make what they would make."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("pinned==1")
    monkeypatch.setattr(toolchain, "ROOT", tmp_path)
    monkeypatch.setattr(toolchain, "VENV", tmp_path / ".venv")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Installing(tmp_path, monkeypatch)


class Installing:
    """`uv` is on the PATH unless `without_uv`; a command that holds `failing` fails."""

    def __init__(self, root, monkeypatch):
        self.root, self.ran, self.failing = root, [], None
        self.uv = "/somewhere/uv"
        monkeypatch.setattr(toolchain, "_run", self.run)
        which = toolchain.shutil.which
        monkeypatch.setattr(toolchain.shutil, "which", lambda name: self.uv if name == "uv" else which(name))

    def run(self, command):
        line = " ".join(command).replace(str(self.root), "")
        self.ran.append(line)
        if self.failing and self.failing in line:
            raise self.error
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)
            (Path(command[-1]) / "bin" / "python").touch()

    def fail(self, text, error):
        self.failing, self.error = text, error


def test_packages_are_installed_once_and_again_when_a_pin_changes(home):
    for _ in range(2):
        assert toolchain.prepare(with_azurite=False) == str(home.root / ".venv" / "bin" / "python")
    assert [line.split(" --")[0] for line in home.ran] == ["/somewhere/uv venv", "/somewhere/uv pip sync"]

    (home.root / "requirements.txt").write_text("pinned==2")
    toolchain.prepare(with_azurite=False)
    assert len(home.ran) == 4


@pytest.mark.parametrize("cut", ["uv venv", "uv pip sync"])
def test_a_first_run_that_was_interrupted_is_made_again_from_nothing(home, cut):
    home.fail(cut, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        toolchain.prepare(with_azurite=False)
    (home.root / ".venv").mkdir(exist_ok=True)
    (home.root / ".venv" / "half").touch()

    home.failing = None
    toolchain.prepare(with_azurite=False)
    assert not (home.root / ".venv" / "half").exists()
    assert home.ran[-1].startswith("/somewhere/uv pip sync")


def test_a_venv_whose_python_is_gone_is_made_again(home):
    python = Path(toolchain.prepare(with_azurite=False))
    python.unlink()
    python.symlink_to(home.root / "uninstalled")

    toolchain.prepare(with_azurite=False)
    assert len(home.ran) == 4


def test_where_uv_fails_venv_and_pip_do_the_work(home, capsys):
    home.fail("uv pip sync", toolchain.Missing("no network for uv"))
    toolchain.prepare(with_azurite=False)

    assert home.ran[-2].endswith("-m venv /.venv")
    assert home.ran[-1] == "/.venv/bin/python -m pip install --quiet --no-deps -r /requirements-dev.txt"
    assert "no network for uv" in capsys.readouterr().err


def test_where_there_is_no_uv_pip_gets_it_once_per_user(home):
    home.uv = None
    toolchain.prepare(with_azurite=False)
    uv = f"/cache/marketplace-leads/uv-{toolchain.UV}/bin/uv"
    assert [f"{uv} pip sync" in line for line in home.ran] == [False, False, False, True]

    (home.root / "requirements.txt").write_text("pinned==2")
    toolchain.prepare(with_azurite=False)
    assert len(home.ran) == 6


def test_two_first_runs_at_once_install_one_after_the_other(home):
    busy, together = [], []

    def slowly(command):
        busy.append(command)
        time.sleep(0.05)
        together.append(len(busy))
        busy.pop()
        Installing.run(home, command)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toolchain, "_run", slowly)
        runs = [threading.Thread(target=toolchain.prepare, args=[False]) for _ in range(2)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()

    assert together == [1, 1]  # the second found everything done


def test_a_build_that_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(FileNotFoundError), toolchain._built(tmp_path / "home") as folder:
        (folder / "missing").read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_build_appears_whole(tmp_path):
    with toolchain._built(tmp_path / "home") as folder:
        (folder / "part").touch()
        assert not (tmp_path / "home").exists()
    assert (tmp_path / "home" / "part").exists()
    assert len(list(tmp_path.iterdir())) == 1
