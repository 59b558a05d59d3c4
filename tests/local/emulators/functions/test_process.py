"""The functions host as a process: start, refusal, timers over restarts, drain."""

import json
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.local.emulators.functions.apps.launch import APPS, REPOSITORY, Answer, HostProcess, write_app

APP = "import azure.functions as func\napp = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
HELLO = APP + "@app.route(route='hello')\ndef hello(req: func.HttpRequest) -> str:\n    return 'hello'\n"
FAR_AWAY = "0 0 0 1 1 *"


def run_to_end(app: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A host that isn't expected to serve."""
    command = [sys.executable, "-m", "local.emulators.functions", str(app), "--port", "0", *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=20, check=False)


TICK = "@app.timer_trigger(arg_name='t', schedule='{}')\ndef tick(t: func.TimerRequest) -> None: ...\n"
TAKE = """\
@app.service_bus_queue_trigger(arg_name='m', queue_name='%TWO%', connection='THREE')
def take(m: func.ServiceBusMessage) -> None: ...
"""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (APP, "no function found"),
        (HELLO + HELLO.removeprefix(APP), "unique function name"),
        (APP + TICK.format("at noon"), "function tick: the schedule 'at noon' isn't NCRONTAB"),
        (
            APP + TICK.format("%ONE%") + TAKE,
            "ONE (needed by the schedule of tick); THREE (needed by the trigger of take); TWO (needed by the",
        ),
    ],
)
def test_an_app_that_cannot_run_ends_the_host_with_one_clear_sentence(
    tmp_path: Path, source: str, sentence: str
):
    ended = run_to_end(write_app(tmp_path, source), "--no-auth")
    assert (ended.returncode, ended.stdout) == (1, "")
    last_line = ended.stderr.rstrip().splitlines()[-1]
    assert last_line.startswith("functions host: ")
    assert sentence in last_line


def test_a_failed_import_is_told_in_a_sentence_below_its_traceback(tmp_path: Path):
    write_app(tmp_path, "import lower\n")
    (tmp_path / "lower.py").write_text("import no_such_module\n")
    ended = run_to_end(tmp_path, "--no-auth")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert 'lower.py", line 1' in ended.stderr
    last_line = ended.stderr.rstrip().splitlines()[-1]
    assert last_line.startswith(
        "functions host: the app can't be indexed: ModuleNotFoundError: No module named"
    )


def test_a_folder_without_function_app_is_refused(tmp_path: Path):
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    ended = run_to_end(tmp_path, "--no-auth")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "function_app.py doesn't exist" in ended.stderr


def test_keys_have_to_be_given_or_declined(tmp_path: Path):
    ended = run_to_end(write_app(tmp_path, HELLO))
    assert ended.returncode == 1
    assert "--no-auth" in ended.stderr


def test_a_taken_port_has_an_exit_code_of_its_own(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_to_end(write_app(tmp_path, HELLO), "--no-auth", "--port", str(port))
    assert ended.returncode == 2
    assert f"can't listen on 127.0.0.1:{port}" in ended.stderr


def test_an_app_hides_no_installed_package_and_sees_nothing_of_the_repository(tmp_path: Path):
    """As in Azure, where the app's folder is the last on the path."""
    source = HELLO + "import importlib.util, json, os, sys\n"
    source += "assert sys.path[-1] == os.getcwd() == os.environ['AzureWebJobsScriptRoot']\n"
    source += "assert importlib.util.find_spec('tests') is None\n"
    write_app(tmp_path, source)
    (tmp_path / "json.py").write_text("raise RuntimeError('the wrong json')\n")
    with HostProcess(tmp_path, tmp_path, "--no-auth") as host:
        assert host.wait_ready().request("GET", "/api/hello").status == 200


def test_settings_reach_the_app_with_the_environment_on_top(tmp_path: Path):
    source = APP + "import os\nA, B = os.environ['A'], os.environ['B']\n"
    source += "@app.route(route='ab')\ndef ab(req: func.HttpRequest) -> str:\n    return A + B\n"
    write_app(tmp_path, source)
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": {"A": "file", "B": "file"}}))
    with HostProcess(tmp_path, tmp_path, "--no-auth", env={"A": "environment"}) as host:
        assert host.wait_ready().get("/api/ab").body == b"environmentfile"


def test_a_function_over_its_timeout_has_failed(tmp_path: Path):
    source = APP + "import asyncio\n@app.route(route='long')\nasync def long(req: func.HttpRequest) -> str:\n"
    source += "    await asyncio.sleep(60)\n    return 'never'\n"
    host_json = (
        '{"version": "2.0", "functionTimeout": "00:00:00.2", "extensions": {"http": {"routePrefix": ""}}}'
    )
    with HostProcess(write_app(tmp_path, source, host_json=host_json), tmp_path, "--no-auth") as host:
        assert host.wait_ready().get("/long").status == 500
        host.wait_for_log("timed out after 0.2 s")


@pytest.mark.parametrize(
    ("path", "number"),
    [("/api/slow?seconds=0.5", signal.SIGTERM), ("/api/slow_sync?seconds=0.5", signal.SIGINT)],
)
def test_a_slow_request_is_finished_before_the_host_ends(tmp_path: Path, path: str, number: signal.Signals):
    answers: list[Answer] = []
    with HostProcess(APPS / "web", tmp_path, "--no-auth") as host:
        host.wait_ready()
        caller = threading.Thread(target=lambda: answers.append(host.get(path)))
        caller.start()
        host.wait_for(lambda line: line == "slow began")
        assert host.terminate(number) == 0
        caller.join()
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"finished")]


def test_a_second_signal_ends_the_host_at_once(tmp_path: Path):
    with HostProcess(APPS / "web", tmp_path, "--no-auth") as host, socket.socket() as caller:
        caller.connect(("127.0.0.1", host.wait_ready().port))
        caller.sendall(b"GET /api/slow_sync?seconds=30 HTTP/1.1\r\nHost: x\r\n\r\n")
        host.wait_for(lambda line: line == "slow began")
        host.process.terminate()
        host.wait_for_log("stopping")
        assert host.terminate() == 1


def test_a_timer_runs_on_schedule_and_by_hand(tmp_path: Path):
    with HostProcess(APPS / "timers", tmp_path, "--no-auth", env={"SCHEDULE": "* * * * * *"}) as host:
        tick = host.wait_ready().wait_for_event(event="tick")
        assert tick["past_due"] is False
        assert set(tick["status"]) == {"Last", "Next", "LastUpdated"}
    with HostProcess(APPS / "timers", tmp_path, "--no-auth", env={"SCHEDULE": FAR_AWAY}) as host:
        assert host.wait_ready().request("POST", "/admin/functions/tick").status == 202
        host.wait_for_event(event="tick", past_due=False)
        assert host.terminate() == 0


def test_a_timer_missed_while_the_host_was_down_is_past_due_after_the_restart(tmp_path: Path):
    options = ("--no-auth", "--state", str(tmp_path / "state"))
    with HostProcess(APPS / "timers", tmp_path, *options, env={"SCHEDULE": FAR_AWAY}) as host:
        host.wait_ready().wait_for_event(event="attempt", count=2)
        assert host.terminate() == 0
    saved = tmp_path / "state" / "timers" / "tick.json"
    status = json.loads(saved.read_text())
    assert datetime.fromisoformat(status["Next"]) > datetime.now(UTC)
    missed = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    saved.write_text(json.dumps(status | {"Next": missed}))
    with HostProcess(APPS / "timers", tmp_path, *options, env={"SCHEDULE": FAR_AWAY}) as host:
        tick = host.wait_ready().wait_for_event(event="tick")
        assert tick["past_due"] is True
        assert tick["status"]["Next"] == missed
        assert host.terminate() == 0
    assert datetime.fromisoformat(json.loads(saved.read_text())["Next"]) > datetime.now(UTC)


def test_a_retried_function_knows_its_attempt_and_the_failure_before(tmp_path: Path):
    with HostProcess(APPS / "timers", tmp_path, "--no-auth", env={"SCHEDULE": FAR_AWAY}) as host:
        host.wait_ready()
        attempts = [host.wait_for_event(event="attempt") for _ in range(3)]
    assert [(attempt["count"], attempt["limit"]) for attempt in attempts] == [(0, 2), (1, 2), (2, 2)]
    failures = [attempt["failure"] for attempt in attempts]
    assert failures == [None, "RuntimeError: attempt 0", "RuntimeError: attempt 1"]


def test_a_failing_background_task_ends_the_host(tmp_path: Path):
    """Here a timer, which finds a file where its status belongs."""
    state = tmp_path / "state"
    source = APP + "import pathlib, shutil\n" + TICK.format("* * * * * *").removesuffix("...\n")
    source += f"\n    shutil.rmtree('{state}')\n    pathlib.Path('{state}').touch()\n"
    with HostProcess(
        write_app(tmp_path / "app", source), tmp_path, "--no-auth", "--state", str(state)
    ) as host:
        assert host.wait_ready().wait_end() == 1
        assert "timer tick failed, so the host ends" in host.log


def test_a_state_that_is_no_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    ended = run_to_end(write_app(tmp_path, HELLO), "--no-auth", "--state", str(tmp_path / "file"))
    assert ended.returncode == 1
    assert "can't store the status of timers in" in ended.stderr


def test_the_help_tells_how_python_finds_the_package():
    command = [sys.executable, "-m", "local.emulators.functions", "--help"]
    shown = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert "PYTHONPATH" in shown


def test_a_disabled_function_is_listed_but_nothing_starts_it(tmp_path: Path):
    app = HELLO + HELLO.removeprefix(APP).replace("hello", "other") + TICK.format("* * * * * *") + TAKE
    (tmp_path / "keys.json").write_text('{"master": "the-master"}')
    off = {f"AzureWebJobs.{name}.Disabled": "true" for name in ("hello", "tick", "take")}
    keys = ("--keys", str(tmp_path / "keys.json"))
    with HostProcess(write_app(tmp_path, app), tmp_path, *keys, env=off) as host:
        host.wait_ready()
        admin = {"x_functions_key": "the-master"}
        listed = host.get("/admin/functions", **admin).json()
        statuses = [host.get("/api/hello").status, host.get("/api/other").status]
        by_admin = host.get("/api/hello", **admin).status
        host.wait_for_log("take is disabled")  # TWO and THREE, which it would need, aren't set
        assert host.terminate() == 0
    assert {function["name"] for function in listed} == {"hello", "other", "tick", "take"}
    assert (statuses, by_admin) == ([404, 200], 200)


def test_a_disabled_timer_stays_still_while_another_runs(tmp_path: Path):
    second = TICK.format("* * * * * *").replace(": ...", ": print('tick ran', flush=True)")
    app = APP + second + second.replace("tick", "tock")
    with HostProcess(
        write_app(tmp_path, app), tmp_path, "--no-auth", env={"AzureWebJobs_tick_Disabled": "1"}
    ) as host:
        host.wait_ready()
        host.wait_for(lambda line: line == "tock ran")
        host.wait_for(lambda line: line == "tock ran")
        assert host.terminate() == 0
    assert "tick ran" not in host.lines
