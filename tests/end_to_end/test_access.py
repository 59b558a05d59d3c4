"""Who may call what: every route of the app on the real host with every kind of key; a key that changes."""

import asyncio
import json

import pytest

from tests.conftest import ROOT
from tests.functions.triggers import TRIGGERS
from tests.local.emulators.functions.apps.launch import HostProcess
from tests.samples import push_body

OLD, NEW, FUNCTION, OTHER, ADMIN = "push-old", "push-new", "function-1", "function-2", "the-admin-key"
KEYS = {
    "master": ADMIN,
    "host": {"default": FUNCTION, "crm": OTHER},
    "functions": {"receive_lead": {"partner-center": OLD, "partner-center-2": NEW}},
}
NOBODY = (None, "wrong", "", OLD.upper(), "schl\u00fcssel")
PUSH = frozenset({OLD, NEW, FUNCTION, OTHER, ADMIN})
READ_AND_CHANGE = frozenset({FUNCTION, OTHER, ADMIN})
ADMIN_ALONE = frozenset({ADMIN})
ANYBODY = frozenset({*PUSH, *NOBODY})
ABSENT = "a" * 24

# The whole API: a route that isn't here fails the test below.
ACCESS = {
    ("GET", "marketplace/leads/{offer?}"): PUSH,
    ("POST", "marketplace/leads/{offer?}"): PUSH,
    ("GET", "leads"): READ_AND_CHANGE,
    ("GET", "leads/{id}"): READ_AND_CHANGE,
    ("PATCH", "leads/{id}"): READ_AND_CHANGE,
    ("GET", "leads/{id}/events"): READ_AND_CHANGE,
    ("POST", "leads/{id}/follow-ups"): READ_AND_CHANGE,
    ("POST", "leads/{id}/interactions"): READ_AND_CHANGE,
    ("POST", "interactions"): READ_AND_CHANGE,
    ("POST", "scoring/preview"): READ_AND_CHANGE,
    ("GET", "stats"): READ_AND_CHANGE,
    ("POST", "erasure"): ADMIN_ALONE,
    ("GET", "openapi.json"): ANYBODY,
    ("GET", "health/live"): ANYBODY,
    ("GET", "health/ready"): ANYBODY,
    ("GET", "health/details"): READ_AND_CHANGE,
}
HOST_ROUTES = {
    ("GET", "admin/host/status"): ADMIN_ALONE,
    ("GET", "admin/functions"): ADMIN_ALONE,
    ("POST", "admin/functions/clock"): ADMIN_ALONE,
}


def test_the_table_names_every_route_of_the_app():
    routes = set()
    for function in TRIGGERS.values():
        for binding in function.get_bindings():
            said = binding.get_dict_repr()
            methods = said.get("methods") or ()
            routes |= {(str(method).rpartition(".")[2].upper(), said["route"]) for method in methods}
    assert routes == ACCESS.keys()


def started(folder, keys, storage, bus):
    """The app on a host of its own."""
    (folder / "keys.json").write_text(json.dumps(keys))
    environment = {
        "LEADS_STORAGE": storage,
        "LEADS_TABLE": "Access",
        "LEADS_BUS": bus.connection_string,
        "LEADS_TOPIC": "leads",
        "LEADS_ACTIVITY_QUEUE": "activity",
        "LEADS_SCORING_SUBSCRIPTION": "scoring",
        "LEADS_SPILL_QUEUE": "spill",
        "LEADS_CLOCK_SCHEDULE": "0 0 0 1 1 *",
        "LEADS_ID_KEY": "a secret for tests only",
        "LEADS_POLICY": "",
        "LEADS_FACTS_URL": "",
        "MARKETPLACE_TABLE_STORAGE": "",
    }
    state = ("--state", str(folder / "timers"))
    return HostProcess(ROOT, folder, "--keys", str(folder / "keys.json"), *state, env=environment)


@pytest.fixture(scope="module")
def host(tmp_path_factory, storage, bus):
    with started(tmp_path_factory.mktemp("access"), KEYS, storage, bus) as process:
        yield process.wait_ready()


def status_of(host, method, path, key, *, in_query=False):
    url, headers = f"/{path}", {}
    if key is not None and in_query and key.isascii():
        url += f"?code={key}"
    elif key is not None:
        headers["x-functions-key"] = key.encode().decode("latin-1")
    body = b"{" if method in {"POST", "PATCH"} and "admin" not in path else None
    return host.request(method, url, body, headers).status


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        pytest.param(method, path, may, id=f"{method} {path}")
        for (method, path), may in (
            *(((method, f"api/{route}"), may) for (method, route), may in ACCESS.items()),
            *HOST_ROUTES.items(),
        )
    ],
)
async def test_a_route_opens_for_these_keys_and_no_other(host, method, path, may):
    path = path.replace("/{offer?}", "").replace("{id}", ABSENT)
    for key in (*NOBODY, *PUSH):
        for in_query in (False, True):
            status = await asyncio.to_thread(status_of, host, method, path, key, in_query=in_query)
            assert (status == 401) == (key not in may), (key, in_query, status)
            assert status < 500


async def test_a_push_key_is_changed_without_losing_a_lead(tmp_path, storage, bus):
    """First the second key, then the URL in Partner Center, then the first key goes."""

    def pushed(host, key, number):
        body = json.dumps(push_body(Email=f"rotated{number}@contoso.example")).encode()
        return host.request("POST", f"/api/marketplace/leads/offer?code={key}", body).status

    def rotate():
        with started(tmp_path, KEYS, storage, bus) as host:
            host.wait_ready()
            both = [pushed(host, key, number) for number, key in enumerate((OLD, NEW, OLD))]
        left = {**KEYS, "functions": {"receive_lead": {"partner-center-2": NEW}}}
        with started(tmp_path, left, storage, bus) as host:
            host.wait_ready()
            return both, [pushed(host, OLD, 3), pushed(host, NEW, 3)]

    assert await asyncio.to_thread(rotate) == ([202, 202, 202], [401, 202])
