"""HTTP functions through the running host: what goes in, what comes out, and who is let in."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.emulators.functions.apps.launch import APPS, HostProcess

KEYS = {
    "master": "the-master",
    "host": {"default": "host-key"},
    "functions": {"locked": {"default": "locked-key"}, "locked_too": {"default": "other-key"}},
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "keys.json").write_text(json.dumps(KEYS))
    with HostProcess(APPS / "web", folder, "--keys", str(folder / "keys.json")) as process:
        yield process.wait_ready()


@pytest.mark.parametrize(
    ("key", "statuses"),
    [
        # anonymous, locked, locked_too, admins, admin API
        (None, (200, 401, 401, 401, 401)),
        ("wrong", (200, 401, 401, 401, 401)),
        ("locked-key", (200, 200, 401, 401, 401)),
        ("other-key", (200, 401, 200, 401, 401)),
        ("host-key", (200, 200, 200, 401, 401)),
        ("the-master", (200, 200, 200, 200, 200)),
    ],
)
def test_a_key_opens_what_it_should_in_the_header_and_in_the_query(
    host: HostProcess, key: str | None, statuses: tuple[int, ...]
):
    paths = ("/api/text", "/api/locked", "/api/locked_too", "/api/admins", "/admin/host/status")
    by_header = tuple(host.get(path, **({"x_functions_key": key} if key else {})).status for path in paths)
    by_query = tuple(host.get(f"{path}?code={key}" if key else path).status for path in paths)
    assert by_header == by_query == statuses


def test_a_key_in_the_header_comes_before_one_in_the_query(host: HostProcess):
    assert host.get("/api/locked?code=locked-key", x_functions_key="wrong").status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nowhere", 404),
        ("GET", "/text", 404),
        ("PUT", "/api/echo", 404),  # Azure says 404, never 405
        ("HEAD", "/api/echo", 404),
        ("GET", "/api/echo/seven", 404),
        ("GET", "/API/Echo/7/", 200),
        ("GET", "/api/boom", 500),
        ("GET", "/api/boom_sync", 500),
        ("GET", "/api/nothing", 500),
        ("DELETE", "/api/text", 200),  # a function without methods takes every one
    ],
)
def test_a_request_is_answered_with_the_status_of_azure(
    host: HostProcess, method: str, path: str, status: int
):
    assert host.request(method, path).status == status


@pytest.mark.parametrize("path", ["/api/nowhere?who=me", "/api/locked?code=who-me", "/api/boom?who=me"])
def test_an_answer_of_the_host_itself_is_a_problem_that_repeats_nothing(host: HostProcess, path: str):
    answer = host.get(path)
    assert answer.header("Content-Type") == "application/problem+json; charset=utf-8"
    problem = answer.json()
    assert problem["status"] == answer.status
    assert problem["type"] == "about:blank"
    assert "me" not in (problem["title"] + problem["detail"]).split()
    assert "who" not in answer.body.decode().lower().replace("whole", "")
    assert "the reason" not in answer.body.decode()


def test_a_function_sees_the_request_as_in_azure(host: HostProcess):
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(
            b"POST /api/echo/7?a=1&b=&a=2&c=x%20y&d HTTP/1.1\r\nHost: example:80\r\nX-One: 1\r\nx-one: 2\r\n"
            b"Content-Length: 3\r\nConnection: close\r\n\r\nabc"
        )
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    seen = json.loads(received.partition(b"\r\n\r\n")[2])
    assert seen["method"] == "POST"
    assert seen["url"].startswith("http://example/api/echo/7?a=1")
    assert seen["query"] == {"a": "1,2", "c": "x y"}  # empty values don't arrive
    assert seen["route"] == {"id": "7"}
    assert seen["headers"]["x-one"] == "1,2"
    assert seen["body"] == "abc"


def test_an_absent_optional_parameter_has_no_value(host: HostProcess):
    assert host.get("/api/echo").json()["route"] == {}


def test_a_chunked_request_arrives_without_its_body_as_in_azure(host: HostProcess):
    answer = host.request("POST", "/api/echo", iter([b"abc"]), {"Transfer-Encoding": "chunked"}, chunked=True)
    assert answer.json()["body"] == ""


def test_a_binary_body_goes_in_and_out_unchanged(host: HostProcess):
    body = Path("/bin/true").read_bytes()
    answer = host.request("POST", "/api/mirror", body)
    assert (answer.status, answer.header("content-type")) == (201, "application/octet-stream")
    assert answer.body == body


def test_a_body_over_the_limit_is_refused_before_it_is_read(host: HostProcess):
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(
            f"POST /api/mirror HTTP/1.1\r\nHost: x\r\nContent-Length: {(100 << 20) + 1}\r\n\r\n".encode()
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_text_becomes_a_plain_answer(host: HostProcess):
    answer = host.get("/api/text")
    assert (answer.body.decode(), answer.header("Content-Type")) == (
        "plain text: grün",
        "text/plain; charset=utf-8",
    )


def test_status_headers_and_cookies_come_out_as_the_function_set_them(host: HostProcess):
    answer = host.get("/api/answer")
    assert answer.status == 418
    assert answer.body == b"a;b"
    assert answer.header("X-Custom") == "yes"
    assert [value for name, value in answer.headers if name.lower() == "content-type"] == ["text/csv"]
    assert answer.header("Content-Length") == "3"
    assert [value for name, value in answer.headers if name == "Set-Cookie"] == [
        "first=1; Path=/; SameSite=Lax; HttpOnly",
        "second=two%20words; Max-Age=60; Secure",
    ]


def test_the_context_tells_the_name_and_the_id_that_the_log_has(host: HostProcess):
    name, invocation_id = host.get("/api/context").body.decode().split()
    assert name == "context"
    host.wait_for_log(f"context {invocation_id} succeeded after ")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/files/special", "special"), ("/api/files/a/b.txt", "a/b.txt"), ("/api/files", "(none)")],
)
def test_a_literal_route_wins_over_a_catch_all(host: HostProcess, path: str, body: str):
    assert host.get(path).body.decode() == body


def test_a_failure_is_in_the_log_with_its_traceback(host: HostProcess):
    host.get("/api/boom")
    host.wait_for_log("RuntimeError: the reason")


def test_nothing_of_a_request_is_in_the_log(host: HostProcess):
    host.request("POST", "/api/echo?code=secret-1", b"secret-2", {"X-Secret": "secret-3"})
    host.get("/api/nowhere?code=secret-4")
    host.get("/api/locked?code=secret-5")
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(b"GET /api/text?code=secret-6 HTTP/9.x\r\n\r\n")
        connection.recv(64)
    host.get("/api/context")
    assert "secret" not in host.log


def test_the_admin_api_lists_the_functions(host: HostProcess):
    status = host.get("/admin/host/status", x_functions_key="the-master").json()
    assert status["state"] == "Running"
    assert "echo" in status["functions"]
    functions = host.get("/admin/functions", x_functions_key="the-master").json()
    assert [function["name"] for function in functions] == status["functions"]
    one = host.get("/admin/functions/ECHO", x_functions_key="the-master").json()
    assert one["config"]["bindings"][0]["route"] == "echo/{id:int?}"


def test_an_http_function_is_not_run_by_hand(host: HostProcess):
    assert (
        host.request("POST", "/admin/functions/echo", headers={"x-functions-key": "the-master"}).status == 400
    )


def test_the_admin_api_has_nothing_else(host: HostProcess):
    assert host.get("/admin/host/keys", x_functions_key="the-master").status == 404
