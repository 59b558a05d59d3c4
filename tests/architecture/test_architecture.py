"""The arrows of the architecture, and proof that each of them is watched."""

import ast
import os
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.conftest import ROOT

# The one home of each part of Microsoft's SDK.
HOMES = {
    "azure.functions": "functions",
    "azure.data.tables": "shared/storage",
    "azure.servicebus": "shared/messaging",
}
PURE = ("leads", "marketplace", "policy", "enrichment", "scoring", "follow_up", "routing", "privacy")
CLOCKS = {"now", "utcnow", "today"}


def lint(root):
    """Run the contracts of pyproject.toml on a tree: whether they are kept, and what was said."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def sources(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imported(path):
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_arrows_point_inwards():
    kept, said = lint(ROOT)
    assert kept, said


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("shared/leads/lead.py", "import shared.marketplace.parse", "Arrows point inwards"),
        ("shared/leads/lead.py", "import shared.services.context", "Arrows point inwards"),
        ("shared/services/context.py", "import shared.storage.client", "Arrows point inwards"),
        ("shared/storage/client.py", "import shared.messaging.queue", "Arrows point inwards"),
        ("shared/services/queries.py", "import functions.leads", "Arrows point inwards"),
        ("functions/clock.py", "import functions.intake", "Triggers never call each other"),
        ("shared/scoring/score.py", "import azure.functions", "The pure packages know no azure"),
        ("shared/follow_up/calendar.py", "import time", "The pure packages know no azure"),
        ("shared/enrichment/email.py", "import os", "The pure packages know no azure"),
        ("shared/services/receive.py", "import azure.data.tables", "Use cases know no vendor"),
        ("functions/health.py", "import local.keys", "Development tools stay at home"),
        ("functions/health.py", "import simulation.ports", "Development tools stay at home"),
        ("shared/services/score.py", "import tests.samples", "Development tools stay at home"),
        ("shared/services/score.py", "import bench.timing", "Development tools stay at home"),
        ("local/keys.py", "import simulation.ports", "Neither the local stack"),
        ("simulation/ports.py", "import bench.timing", "Neither the local stack"),
        ("bench/timing.py", "import tests.samples", "The bench measures without the tests"),
    ],
)
def test_a_broken_arrow_is_found(tmp_path, file, line, contract):
    for folder in ("functions", "shared", "local", "simulation", "bench", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken = tmp_path / file
    broken.write_text(f"{broken.read_text()}\n{line}\n")
    kept, said = lint(tmp_path)
    assert not kept
    assert any(row.startswith(contract) and row.endswith("BROKEN") for row in said.splitlines()), said


@pytest.mark.parametrize(("module", "home"), HOMES.items())
def test_each_sdk_has_one_home(module, home):
    users = {
        path
        for path in sources("functions", "shared")
        if any(name == module or name.startswith(f"{module}.") for name in imported(path))
    }
    assert users
    assert {path for path in users if not path.is_relative_to(ROOT / home)} == set()


INNER_RING = ("leads", "marketplace", "policy", "scoring", "follow_up", "routing", "privacy")
LATER = {"holidays"}  # imported where a calendar asks for it


def test_the_inner_ring_imports_the_standard_library_alone():
    allowed = {*sys.stdlib_module_names, *LATER}
    foreign = {
        (str(path.relative_to(ROOT)), name)
        for path in sources(*(f"shared/{package}" for package in INNER_RING))
        for name in imported(path)
        if name and name.partition(".")[0] not in allowed and not name.startswith("shared.")
    }
    assert foreign == set()


def test_pydantic_has_one_home_and_the_documents():
    users = {
        str(path.relative_to(ROOT))
        for path in sources("functions", "shared")
        if any(name.partition(".")[0] in ("pydantic", "pydantic_core") for name in imported(path))
    }
    assert users - {"shared/contract/schemas.py", "shared/contract/openapi.py"} == {"shared/typed_json.py"}


def test_pure_packages_never_ask_for_the_time():
    asking = [
        path.name
        for path in sources(*(f"shared/{name}" for name in PURE))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS
    ]
    assert asking == []


def test_no_installed_package_shadows_ours_in_azure_where_the_app_root_comes_last():
    assert packages_distributions().keys() & {"functions", "shared", "function_app"} == set()
