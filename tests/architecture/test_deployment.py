"""What is deployed: the app and its pinned packages, nothing that only developers need."""

import ast
import fnmatch
import json
import re
import subprocess
import sys
import tomllib

import pytest

from shared.settings import InvalidSettings, read_settings
from tests.conftest import ROOT

DEVELOPMENT = {
    "azure-functions-runtime",
    "pytest",
    "ruff",
    "mypy",
    "hypothesis",
    "babel",
}


def pinned(file):
    lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("-r")]


def names(file):
    return {line.partition("==")[0].casefold() for line in pinned(file)}


def deployed():
    """The files of the repository that `.funcignore` leaves over."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    ignored = (ROOT / ".funcignore").read_text().split()
    return {path for path in listed.stdout.splitlines() if not any(covers(rule, path) for rule in ignored)}


def covers(rule, path):
    if rule.endswith("/"):
        return path.startswith(rule) or f"/{rule}" in path
    return fnmatch.fnmatch(path, rule)


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned(file):
    assert [line for line in pinned(file) if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_development_tools_are_never_deployed():
    assert names("requirements.txt") & DEVELOPMENT == set()
    assert names("requirements-dev.txt") >= DEVELOPMENT


def test_the_package_holds_the_app_and_nothing_else():
    tops = {path.partition("/")[0] for path in deployed()}
    assert tops == {"function_app.py", "functions", "shared", "host.json", "requirements.txt", ".funcignore"}
    assert not any(path.endswith("memory.py") for path in deployed())
    assert {"shared/policy/policy.toml", "shared/enrichment/titles.toml"} <= deployed()
    assert "shared/enrichment/data/country_names.tsv" in deployed()


def test_the_host_file_asks_for_the_extension_bundle_and_bounded_concurrency():
    host = json.loads((ROOT / "host.json").read_text())
    assert host["version"] == "2.0"
    assert host["extensionBundle"]["version"] == "[4.*, 5.0.0)"
    assert 1 <= host["extensions"]["serviceBus"]["maxConcurrentCalls"] <= 16
    assert host["extensions"]["serviceBus"]["autoCompleteMessages"] is True


def sample_settings():
    return json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]


def test_the_sample_holds_every_setting_that_the_code_or_a_trigger_reads():
    texts = [path.read_text() for folder in ("functions", "shared") for path in (ROOT / folder).rglob("*.py")]
    read = {
        name
        for text in texts
        for name in re.findall(r"[\"%](LEADS_[A-Z_]+[A-Z](?:__[A-Za-z]+)?|MARKETPLACE_[A-Z_]+)[\"%]", text)
    }
    assert len(read) > 5
    assert read <= sample_settings().keys()


def test_the_sample_settings_are_complete_and_valid():
    read_settings(sample_settings())
    with pytest.raises(InvalidSettings):
        read_settings({})


def test_importing_the_app_reads_no_setting_and_imports_no_client():
    code = (
        "import os, sys; before = dict(os.environ); os.environ.clear(); import function_app;"
        "print({'azure.data.tables', 'azure.servicebus', 'azure.identity', 'numpy',"
        " 'shared.enrichment.title', 'shared.enrichment.email_kind', 'email_validator', 'holidays',"
        " 'functions.contract'}"
        " & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


def test_python_is_pinned_to_the_version_that_azure_runs():
    version = (ROOT / ".python-version").read_text().strip()
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert version == "3.13"
    assert (tools["ruff"]["target-version"], tools["mypy"]["python_version"]) == ("py313", version)


def test_every_trigger_tells_the_callers_story():
    for path in sorted((ROOT / "functions").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_the_import_of_the_app_loads_no_pydantic():
    """It takes 100 ms, which a push need not wait for: it comes with the first value that is read."""
    code = "import sys, function_app; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert {"azure", "shared"} <= loaded
    assert loaded & {"pydantic", "pydantic_core"} == set()
