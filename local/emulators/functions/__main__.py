"""`python -m local.emulators.functions APP_ROOT`: run one function app until a signal."""

import argparse
import asyncio
import logging
import os
import sys
import time
from pathlib import Path

from local.emulators.functions import logs
from local.emulators.functions.errors import StartError
from local.emulators.functions.host import Host, HostOptions
from local.emulators.functions.host_json import read_host_config
from local.emulators.functions.keys import Keys, read_keys
from local.emulators.functions.settings import apply_platform_defaults, apply_values, local_values
from local.emulators.functions.worker import make_importable

_log = logging.getLogger(__name__)

_DESCRIPTION = """\
Runs an Azure Functions app (Python, v2 programming model) on this machine, for development: HTTP with
function keys, timers, and Service Bus triggers, on Microsoft's own worker library. Prints one line,
"ready http://HOST:PORT", when it serves; logs to stderr."""

_EPILOG = """\
settings     local.settings.json below APP_ROOT, and above it every non-empty variable of the environment;
             a setting AzureFunctionsJobHost__a__b overrides a.b of host.json
switching    AzureWebJobs.NAME.Disabled or AzureWebJobs_NAME_Disabled set to true or 1 switches the function
             NAME off: listed, but its timer or listener doesn't start, and HTTP answers 404
keys         {"master": "...", "host": {"default": "..."}, "functions": {"NAME": {"default": "..."}}}; callers
             send one as ?code= or in the header x-functions-key
importing    Python must find this package: run in the repository, or set PYTHONPATH to it (`python -P` needs
             that). The host then removes that entry from sys.path and puts APP_ROOT last, as Azure does,
             so that the app can't hide an installed package
signals      SIGTERM and SIGINT let running functions finish, 10 s at most; a second one ends at once
exit codes   0 stopped by a signal; 1 the app can't run, or the host failed; 2 port taken, or wrong usage"""


def main(arguments: list[str] | None = None) -> int:
    """Run the host; returns the process's exit code."""
    options = _parser().parse_args(arguments)
    logs.configure(verbose=options.verbose)
    try:
        host = _host(options)
        drained = asyncio.run(host.run())
    except StartError as exc:
        print(f"{exc.details}\nfunctions host: {exc}".lstrip(), file=sys.stderr)
        return exc.exit_code
    logs.expect_leftovers()
    code = int(host.failed)
    if not drained:
        _exit_at_once(code)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.emulators.functions",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "app_root", metavar="APP_ROOT", type=Path, help="folder of host.json and function_app.py"
    )
    parser.add_argument(
        "--port", type=int, default=7071, help="port to listen on; 0 for a free one (default 7071)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--keys",
        metavar="FILE",
        type=Path,
        help="function keys as JSON, see below",
    )
    parser.add_argument("--no-auth", action="store_true", help="accept every caller, without keys")
    parser.add_argument(
        "--state",
        metavar="DIR",
        type=Path,
        help="folder for the status of timers; without it no run is ever past due",
    )
    parser.add_argument("--verbose", action="store_true", help="log at DEBUG")
    return parser


def _host(options: argparse.Namespace) -> Host:
    root = options.app_root.resolve()
    if not root.is_dir():
        raise StartError(f"{root} isn't a folder")
    keys = None if options.no_auth else _keys(options.keys)
    state = _state(options.state)
    _prepare_process(root)
    return Host(
        HostOptions(root, options.host, options.port, keys, state), read_host_config(root, os.environ)
    )


def _keys(path: Path | None) -> Keys:
    if path is None:
        raise StartError("pass the function keys with --keys FILE, or --no-auth to run without keys")
    return read_keys(path)


def _state(path: Path | None) -> Path | None:
    if path is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StartError(f"can't store the status of timers in {path}: {exc.strerror}") from exc
    return path.resolve()


def _prepare_process(root: Path) -> None:
    """Give this process the settings, the working directory and the import path that the app has in Azure."""
    apply_values(local_values(root), os.environ)
    apply_platform_defaults(root, os.environ)
    time.tzset()
    os.chdir(root)
    make_importable(root)


def _exit_at_once(code: int) -> None:
    """End at once: the interpreter would wait for the threads of functions that don't return."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
