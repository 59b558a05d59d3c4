"""`python -m local.emulators.servicebus` as a process of its own."""

import signal
import socket
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "local.emulators.servicebus"]
DEADLINE = 20  # seconds


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_cleanly(stop):
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as bus:
        ready = bus.stdout.readline()
        port = int(ready.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE):
            bus.send_signal(stop)
            output, errors = bus.communicate(timeout=DEADLINE)

    assert ready == f"ready amqp://127.0.0.1:{port}\n"
    assert (bus.returncode, output, errors) == (0, "", "")


def test_a_port_in_use_is_one_sentence_and_exit_code_2():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        bus = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=DEADLINE, check=False
        )

    assert bus.returncode == 2
    assert bus.stderr == f"Port {port} on 127.0.0.1 is in use: stop what runs there or pass --port.\n"


def test_a_wrong_configuration_is_explained_with_exit_code_2(tmp_path):
    path = tmp_path / "Config.json"
    path.write_text('{"UserConfig": {"Namespaces": [], "Logging": {"Type": "Console"}}}')

    bus = subprocess.run(
        [*COMMAND, "--config", str(path)], capture_output=True, text=True, timeout=DEADLINE, check=False
    )

    assert bus.returncode == 2
    assert bus.stderr.startswith(f"{path}: UserConfig.Namespaces: ")
    assert len(bus.stderr.splitlines()) == 1
