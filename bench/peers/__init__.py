"""Other people's rule engines, given the same ten rules; installed apart, never with the app."""

import shutil
import subprocess
import venv
from pathlib import Path

from local import toolchain

BUSINESS_RULES = "business-rules==1.1.1"
JSON_RULES_ENGINE = "json-rules-engine@7.3.1"
_TIMEOUT = 300  # seconds


def business_rules_folder() -> Path:
    """A folder that holds `business_rules`; installs it once."""
    home = toolchain.cache_home() / f"peer-{BUSINESS_RULES}"
    if not home.exists():
        venv.create(home, with_pip=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", BUSINESS_RULES]
        subprocess.run(pip, check=True, timeout=_TIMEOUT)
    return next(home.glob("lib/python3*/site-packages"))


def json_rules_engine_folder() -> Path:
    """A folder with `node_modules/json-rules-engine`; installs it once."""
    home = toolchain.cache_home() / f"peer-{JSON_RULES_ENGINE}"
    if not home.exists():
        home.mkdir(parents=True)
        npm = [shutil.which("npm") or "npm", "install", "--prefix", str(home), "--silent", JSON_RULES_ENGINE]
        subprocess.run(npm, check=True, timeout=_TIMEOUT)
    return home
