"""The demo: push the sample leads, show each with its grade and the reasons."""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from local.cli.push import TIMEOUT, push

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SCORED_WITHIN = 60.0  # seconds; the bus takes less than one, the clock a minute
POLL = 0.1  # seconds


def run_demo(push_url: str, api_url: str, key: str) -> None:
    """Push every sample, wait until it is scored, print it."""
    pushed: dict[str, str] = {}
    for path in sorted(SAMPLES.glob("*.json")):
        status, receipt = push(push_url, path.read_bytes())
        if status != 202:
            print(f"pushed {path.name}: refused with {status}", flush=True)
            continue
        print(f"pushed {path.name}: {status} {receipt['result']}", flush=True)
        pushed[receipt["leadId"]] = path.name
    print("\nWhom to call first, and why:\n")
    leads = [_settled(f"{api_url}/leads/{lead_id}", key) for lead_id in pushed]
    for lead in sorted(leads, key=lambda lead: lead["score"]["total"] if lead["score"] else -1, reverse=True):
        print("\n".join(_lines(lead)) + "\n", flush=True)


def _settled(url: str, key: str) -> dict[str, Any]:
    """The lead once it is scored; test leads never are."""
    deadline = time.monotonic() + SCORED_WITHIN
    while True:
        lead = _get(url, key)
        if lead["score"] or lead["test"] or time.monotonic() > deadline:
            return lead
        time.sleep(POLL)


def _get(url: str, key: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"x-functions-key": key})  # noqa: S310 - our own stack
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
        lead: dict[str, Any] = json.load(answer)
    return lead


def _lines(lead: dict[str, Any]) -> list[str]:
    contact, score = lead["contact"], lead["score"]
    name = " ".join(filter(None, [contact["firstName"], contact["lastName"]]))
    who = ", ".join(filter(None, [name, contact["title"], contact["company"]]))
    what = f"{lead['offer']}, {lead['action']} on {lead['source']}"
    if score is None:
        return [f"--  test lead: {who} ({what})" if lead["test"] else f"--  not scored yet: {who} ({what})"]
    flags = (
        " - DO NOT CONTACT" if lead["doNotContact"] else f" - call by {_minute(lead['followUp']['dueAt'])}"
    )
    qualified = " - qualified" if score["qualified"] else ""
    head = f"{score['grade']}  {score['total']:>3} points  {who} ({what}){qualified}{flags}"
    return [head, *(f"      {line['points']:+4d}  {line['because']}" for line in score["ledger"])]


def _minute(time: str) -> str:
    """`2026-11-22 23:46 UTC`."""
    return f"{time[:16].replace('T', ' ')} UTC"
