"""`dev.py`, as a developer types it."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

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
    assert all(f"  {command} " in said for command in ("start", "push", "test", "check"))


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


def test_a_machine_without_python_313_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(toolchain, "_is_wanted", lambda _: False)
    with pytest.raises(toolchain.Missing, match=r"^Python 3.13 is missing: install it \(for example"):
        toolchain.find_python()


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
