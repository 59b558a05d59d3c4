"""What a developer's machine needs, found or made: Python 3.13, `.venv`, Azurite.

Runs before anything is installed, on any Python 3 from 3.6 on: standard library only, no newer syntax.
What is slow to make is kept per user, so that a second checkout starts in seconds.
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
import time
from pathlib import Path
from typing import Iterator, List

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = "3.13"
NODE = 20  # major version, at least
# 3.35.0 is the newest whose `engines` accept Node 20; 3.36.0 wants 21, 3.37.0 wants 22.
AZURITE = "3.35.0"
INSTALL_TIMEOUT = 1200  # seconds
TELL_EVERY = 2.0  # seconds


class Missing(Exception):
    """Something must be installed by hand first; the text is one sentence that says what and how."""


def say(text: str) -> None:
    """Tell the developer what happens meanwhile."""
    print(text, file=sys.stderr, flush=True)


def cache_home() -> Path:
    """The folder of this user for what is slow to make."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "marketplace-leads"


def prepare(with_azurite: bool) -> str:
    """Make `.venv`, and install Azurite meanwhile; the path of the venv's Python. A second call is quick.

    Raises:
        Missing: something must be installed by hand first.
    """
    with _alone():
        return _prepare(with_azurite)


def _prepare(with_azurite: bool) -> str:
    failures: List[Exception] = []

    def install_azurite() -> None:
        try:
            azurite_script()
        except (Missing, OSError) as exc:
            failures.append(exc)

    meanwhile = threading.Thread(target=install_azurite)
    if with_azurite:
        meanwhile.start()
    try:
        return venv_python()
    finally:
        if with_azurite:
            meanwhile.join()
        if failures:
            raise failures[0]


def venv_python() -> str:
    """The Python of `.venv`, which borrows the pinned packages from the user's cache."""
    packages = _packages()
    python = VENV / "bin" / "python"
    borrowed = VENV / "lib" / f"python{PYTHON}" / "site-packages" / "marketplace-leads.pth"
    if not _is_wanted(str(python)):
        say("Making .venv ...")
        _run([find_python(), "-m", "venv", "--without-pip", "--clear", str(VENV)])
    if not borrowed.exists() or borrowed.read_text() != f"{packages}\n":
        borrowed.write_text(f"{packages}\n")
    return str(python)


def find_python() -> str:
    """A Python 3.13: this one, one on the PATH, pyenv's or uv's.

    Raises:
        Missing: there is none.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path.home() / ".local" / "share" / "uv" / "python")
    candidates = [sys.executable, shutil.which(f"python{PYTHON}")]
    candidates += [str(python) for python in sorted(pyenv.glob(f"{PYTHON}*/bin/python"))]
    candidates += [str(python) for python in sorted(uv.glob(f"cpython-{PYTHON}*/bin/python{PYTHON}"))]
    candidates += [shutil.which("python3"), shutil.which("python")]
    for candidate in candidates:
        if candidate and _is_wanted(candidate):
            return candidate
    raise Missing(
        f"Python {PYTHON} is missing: install it (for example `uv python install {PYTHON}` or "
        f"`pyenv install {PYTHON}`), then run this again."
    )


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


def _packages() -> Path:
    """The folder of the pinned packages, keyed by what is pinned and for which Python."""
    pins = ROOT / "requirements-dev.txt"
    key = [pins.read_text(), (ROOT / "requirements.txt").read_text(), PYTHON, sysconfig.get_platform()]
    digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:16]
    home = cache_home() / f"packages-{digest}"
    if not home.is_dir():
        python = find_python()
        say("Installing the pinned packages (a minute or two, once per user and set of versions):")
        with _built(home) as folder, tempfile.TemporaryDirectory() as scratch:
            _run([python, "-m", "venv", scratch])
            pip = [str(Path(scratch) / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
            _run_telling([*pip, "install", "--no-deps", "--target", str(folder), "-r", str(pins)])
        say("The packages are installed.")
    return home


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One at a time per user: two first runs would build everything twice, into each other's `.venv`."""
    cache_home().mkdir(parents=True, exist_ok=True)
    with (cache_home() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Waiting for another dev.py that installs ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _built(home: Path) -> Iterator[Path]:
    """A folder to build in, put in its place only when it is whole."""
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
    """Run a command quietly; if it fails, show what it said."""
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    done = subprocess.run(command, stdout=pipe, stderr=out, timeout=INSTALL_TIMEOUT, check=False)
    if done.returncode:
        raise Missing("{}\nfailed: {}".format(done.stdout.decode(errors="replace"), " ".join(command)))


def _run_telling(command: List[str]) -> None:
    """Run pip, and tell every few seconds what it does; if it fails, show all it said."""
    began = told = time.time()
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        for raw in child.stdout or ():
            line = raw.decode(errors="replace").strip()
            said.append(line)
            is_long = line.startswith(("Building wheel", "Installing collected"))
            if is_long or (line.startswith("Collecting") and time.time() - told > TELL_EVERY):
                told = time.time()
                say("  {:3.0f} s  {}".format(told - began, line.split(" (from")[0][:90]))
        code = child.wait(timeout=INSTALL_TIMEOUT)
    if code:
        raise Missing("{}\nfailed: {}".format("\n".join(said[-40:]), " ".join(command)))
