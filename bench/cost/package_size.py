"""The size of the packages that are deployed with the app."""

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bench.checkouts import Checkout
from bench.figures import Measured, Quantity
from bench.processes import clean_environment, output_of, say

TIMEOUT = 1200.0  # seconds
MEGABYTE = 1_000_000  # bytes
QUANTITIES = [Quantity("installed", "MB", digits=2), Quantity("zipped", "MB", digits=2)]


def measure(checkouts: Sequence[Checkout], folder: Path) -> Measured:
    """Megabytes of `pip install --target` of requirements.txt, without `.pyc` files; measured once."""
    environment = clean_environment(TMPDIR=str(folder))  # so that what a stopped pip leaves is deleted, too
    output_of([sys.executable, "-m", "venv", folder / "pip"], cwd=folder, timeout=TIMEOUT)
    measured: Measured = {}
    for number, checkout in enumerate(checkouts):
        say(f"package size: installing the packages of {checkout.name}")
        target = folder / f"packages-{number}"
        pip: list[str | Path] = [folder / "pip" / "bin" / "python", "-m", "pip", "install", "--quiet"]
        pip += ["--no-deps", "--no-compile", "--target", target, "-r", checkout.root / "requirements.txt"]
        output_of(pip, cwd=folder, timeout=TIMEOUT, environment=environment, shows_failure=False)
        files = deployed_files(target)
        measured[checkout.name, "installed"] = [sum(path.stat().st_size for path in files) / MEGABYTE]
        measured[checkout.name, "zipped"] = [zipped_size(files, target) / MEGABYTE]
    return measured


def deployed_files(folder: Path) -> list[Path]:
    """The files below a folder, without `.pyc` files."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def zipped_size(files: Sequence[Path], folder: Path) -> int:
    """Bytes of a zip file of them, deflated."""
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as into:
        for path in files:
            into.write(path, path.relative_to(folder))
    return archive.stat().st_size
