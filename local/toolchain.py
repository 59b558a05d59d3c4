"""Find or install what development needs: `.venv` with Python 3.13 and the pinned packages, and Azurite.

Runs before anything is installed, on any Python 3 from 3.6 on: standard library only, no newer syntax.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path
from typing import Iterator, List, Optional

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = "3.13"
# Not the one in `.venv`, even if that runs us: it is deleted when `.venv` is made again.
THIS_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
UV = "0.13.9"  # installed by pip if none is on the PATH
NODE = 20  # lowest major version
# 3.35.0 is the newest whose `engines` accept Node 20; 3.36.0 needs 21, 3.37.0 needs 22.
AZURITE = "3.35.0"
INSTALL_TIMEOUT = 1200  # seconds


class Missing(Exception):
    """Something must be installed by hand first; the text says what and how."""


def say(text: str) -> None:
    """Print progress for the developer, to stderr."""
    print(text, file=sys.stderr, flush=True)


def cache_home() -> Path:
    """This user's cache folder for what is slow to install."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "marketplace-leads"


def prepare(with_azurite: bool) -> str:
    """Make `.venv` and, at the same time, install Azurite; returns the path of the venv's Python.

    A second call is quick.

    Raises:
        Missing: something must be installed by hand first.
    """
    with _locked():
        return _prepare(with_azurite)


def _prepare(with_azurite: bool) -> str:
    failures: List[Exception] = []

    def install_azurite() -> None:
        try:
            azurite_script()
        except (Missing, OSError) as exc:
            failures.append(exc)

    azurite_thread = threading.Thread(target=install_azurite)
    if with_azurite:
        azurite_thread.start()
    try:
        return venv_python()
    finally:
        if with_azurite:
            azurite_thread.join()
        if failures:
            raise failures[0]


def venv_python() -> str:
    """The Python of `.venv`, which is made from scratch unless it has what is pinned."""
    python, made_of, pins = VENV / "bin" / "python", VENV / "made-of", _pins()
    if not python.exists() or not made_of.exists() or made_of.read_text() != pins:
        say("Installing the pinned packages into .venv ...")
        _make_venv()
        made_of.write_text(pins)
    return str(python)


def _pins() -> str:
    """A hash of what `.venv` is made from."""
    files = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    parts = [PYTHON, sysconfig.get_platform()] + [file.read_text() for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _make_venv() -> None:
    """With uv, which can install Python too; if uv fails, with venv and pip, which take a minute."""
    python, pins = str(VENV / "bin" / "python"), str(ROOT / "requirements-dev.txt")
    shutil.rmtree(str(VENV), ignore_errors=True)
    try:
        uv = uv_program()
        _run([uv, "venv", "--quiet", "--python", _found_python() or PYTHON, str(VENV)])
        _run([uv, "pip", "sync", "--quiet", "--python", python, pins])
    except Missing as exc:
        say(f"{exc}\nuv failed, so venv and pip are used.")
        shutil.rmtree(str(VENV), ignore_errors=True)
        _run([find_python(), "-m", "venv", str(VENV)])
        _run([python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", pins])


def uv_program() -> str:
    """The uv on the PATH, else the one in the user's cache, which pip installs there.

    Raises:
        Missing: there is none, and pip can't install it.
    """
    found = shutil.which("uv")
    home = cache_home() / f"uv-{UV}"
    if found is None and not home.is_dir():
        with _built(home) as folder:
            _run([THIS_PYTHON, "-m", "venv", str(folder)])
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
            _run([*pip, "install", "--quiet", f"uv=={UV}"])
    return found or str(home / "bin" / "uv")


def find_python() -> str:
    """A Python 3.13 of this machine.

    Raises:
        Missing: there is none.
    """
    found = _found_python()
    if found is None:
        raise Missing(
            f"Python {PYTHON} is missing: install it (for example `uv python install {PYTHON}` or "
            f"`pyenv install {PYTHON}`), then run this again."
        )
    return found


def _found_python() -> Optional[str]:
    """The running one, one on the PATH, or pyenv's; None if none is 3.13."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [THIS_PYTHON, shutil.which("python" + PYTHON)]
    candidates += [str(python) for python in sorted(pyenv.glob(PYTHON + "*/bin/python"))]
    candidates += [shutil.which("python3"), shutil.which("python")]
    return next((each for each in candidates if each and _is_wanted(each)), None)


def azurite_script() -> str:
    """The JavaScript file that runs Azurite's table service, installed if it is missing.

    Raises:
        Missing: Node.js or npm must be installed by hand first.
    """
    _expect_node()
    home = cache_home() / f"azurite-{AZURITE}"
    script = home / "node_modules" / "azurite" / "dist" / "src" / "table" / "main.js"
    if not script.exists():
        npm = shutil.which("npm")
        if not npm:
            raise Missing(f"npm is missing: install it with Node.js {NODE} or newer.")
        say(f"Installing Azurite {AZURITE} (190 MB, under a minute, once per user) ...")
        with _built(home) as folder:
            quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            _run([npm, "install", "--prefix", str(folder), f"azurite@{AZURITE}", *quiet])
        say("Azurite is installed.")
    return str(script)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Hold the user's lock: two first runs at once would install twice, into each other's `.venv`."""
    cache_home().mkdir(parents=True, exist_ok=True)
    with (cache_home() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Waiting for another dev.py to finish installing ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _built(home: Path) -> Iterator[Path]:
    """A temporary folder to install into, moved to `home` once it is complete."""
    folder = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=str(home.parent)))
    try:
        yield folder
        folder.rename(home)
    finally:
        shutil.rmtree(str(folder), ignore_errors=True)


def _expect_node() -> None:
    node = shutil.which("node")
    version = _output([node, "--version"]) if node else ""
    if not version.startswith("v") or int(version[1:].split(".")[0]) < NODE:
        raise Missing(
            f"Node.js {NODE} or newer is missing: install it (https://nodejs.org), it runs Azurite."
        )


def _is_wanted(python: str) -> bool:
    return _output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]) == PYTHON


def _output(command: List[str]) -> str:
    """What a command prints, stripped; empty if it fails."""
    try:
        printed = subprocess.check_output(command, stderr=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return printed.decode(errors="replace").strip()


def _run(command: List[str]) -> None:
    """Run a command quietly; if it fails, Missing shows what it printed."""
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    try:
        done = subprocess.run(command, stdout=pipe, stderr=out, timeout=INSTALL_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Missing(f"{exc}\nfailed: {' '.join(command)}") from exc
    if done.returncode:
        raise Missing(f"{done.stdout.decode(errors='replace')}\nfailed: {' '.join(command)}")
