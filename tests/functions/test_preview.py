"""The preview with a caller's policy, beside pushes that the same process answers."""

import json
import threading

import azure.functions as func

from functions import preview
from shared.contract import requests
from shared.services import queries
from tests.builders import a_context
from tests.functions.triggers import TRIGGERS, given
from tests.samples import push_body, with_rule


async def test_a_callers_policy_is_read_and_applied_beside_the_loop(monkeypatch):
    """A policy of 250 KB took seconds, in which every push waited."""
    threads = {}

    def watched(function, name):
        def watch(*arguments):
            threads[name] = threading.current_thread()
            return function(*arguments)

        return watch

    monkeypatch.setattr(preview, "context", given(a_context()))
    monkeypatch.setattr(requests, "parse_policy", watched(requests.parse_policy, "read"))
    monkeypatch.setattr(queries, "appraise", watched(queries.appraise, "applied"))
    body = json.dumps({"push": push_body(), "policy": with_rule(points="7")}).encode()
    request = func.HttpRequest(method="POST", url="/api/scoring/preview", body=body)
    answer = await TRIGGERS["preview_score"].get_user_function()(request)
    assert json.loads(answer.get_body())["score"]["total"] == 7
    assert set(threads) == {"read", "applied"}
    assert threading.current_thread() not in threads.values()
