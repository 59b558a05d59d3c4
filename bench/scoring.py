"""Leads a second, each with its ledger, beside two rule engines with the same ten rules and answers."""

import json
import random
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.peers import BUSINESS_RULES, JSON_RULES_ENGINE, business_rules_peer, json_rules_engine_folder
from bench.timing import ROUNDS, Rates, rate
from shared.leads.interactions import Interaction
from shared.policy.load import load_policy, parse_policy
from shared.policy.scoring import ScoringPolicy
from shared.scoring.score import score

LEADS = 2000
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES: list[dict[str, Any]] = [
    {"name": "wants-contact", "fact": "action", "test": "equals", "value": "PLT", "points": 30},
    {"name": "acquired", "fact": "action", "test": "in", "value": ["INS", "Create"], "points": 22},
    {"name": "wrote-a-note", "fact": "note", "test": "exists", "value": True, "points": 8},
    {"name": "top-decider", "fact": "person.rank", "test": "in", "value": ["owner", "c_level"], "points": 20},
    {"name": "decider", "fact": "person.rank", "test": "in", "value": ["vp", "director"], "points": 16},
    {"name": "manager", "fact": "person.rank", "test": "equals", "value": "manager", "points": 10},
    {"name": "corporate-address", "fact": "email.kind", "test": "equals", "value": "corporate", "points": 18},
    {"name": "free-address", "fact": "email.kind", "test": "equals", "value": "free", "points": -5},
    {"name": "names-company", "fact": "company.name", "test": "exists", "value": True, "points": 8},
    {"name": "callable", "fact": "phone.valid", "test": "equals", "value": True, "points": 10},
]


def run() -> None:
    """Print the rates, round by round in turns, and the ratio to the better peer."""
    rules = [{**rule, "because": f"because of {rule['fact']}"} for rule in RULES]
    leads = _leads()
    policy = _policy(rules)
    theirs = business_rules_peer.ready(rules, leads)
    node_answers, node_rates = _json_rules_engine(rules, leads)
    ours_answers = [_answer(lead, policy) for lead in leads]
    if not ours_answers == theirs() == node_answers:
        raise SystemExit("The engines don't agree: there is nothing to compare.")
    ours: list[float] = []
    python: list[float] = []
    for _ in range(ROUNDS):
        ours.append(rate(lambda: _scored(leads, policy)))
        python.append(rate(lambda: len(theirs())))
    rates = {
        "ours": Rates(tuple(ours)),
        BUSINESS_RULES: Rates(tuple(python)),
        JSON_RULES_ENGINE: Rates(tuple(node_rates)),
    }
    print(f"{LEADS} leads, {len(rules)} rules, the same totals and lines; middle of {ROUNDS} rounds (range)")
    for name, of_engine in rates.items():
        print(f"  {name:28} {of_engine}")
    best = max(rates[BUSINESS_RULES].middle, rates[JSON_RULES_ENGINE].middle)
    print(f"  ratio to the better of them  {rates['ours'].middle / best:.1f} x (wanted: 3 x)")
    _shipped(leads)


def _shipped(leads: list[dict[str, Any]]) -> None:
    """The shipped policy, with behaviour: no peer has it, so it stands alone."""
    shipped = load_policy().scoring
    done = [
        Interaction(type=type_, at=NOW, number=number, detail="PLT")
        for number, type_ in enumerate(["push", "pricing_page_visited", "email_opened", "email_opened"], 1)
    ]
    rounds = tuple(rate(lambda: _scored(leads, shipped, done)) for _ in range(ROUNDS))
    print(f"  shipped policy, 4 interactions {Rates(rounds)}")


def _scored(leads: list[dict[str, Any]], policy: ScoringPolicy, done: list[Interaction] | None = None) -> int:
    for lead in leads:
        score(lead, done or [], policy, NOW)
    return len(leads)


def _answer(lead: dict[str, Any], policy: ScoringPolicy) -> tuple[int, list[str]]:
    ledger = [line for line in score(lead, [], policy, NOW).ledger if not line.rule.endswith("-bound")]
    return sum(line.points for line in ledger), sorted(line.rule for line in ledger)


def _policy(rules: list[dict[str, Any]]) -> ScoringPolicy:
    lines = [
        "[[scoring.models]]",
        'name = "ten"',
        "qualify = { enter = 50 }",
        "[scoring.models.groups]",
        "fit = { cap = 60, floor = -40, grades = { A = 42, B = 28, C = 14 } }",
        "intent = { cap = 60, floor = -40, grades = { 1 = 30, 2 = 20, 3 = 10 } }",
    ]
    for rule in rules:
        group = "intent" if rule["fact"] in ("action", "note") else "fit"
        lines += [
            "[[scoring.models.rules]]",
            f'name = "{rule["name"]}"',
            f'group = "{group}"',
            f'when = {{ fact = "{rule["fact"]}", {rule["test"]} = {json.dumps(rule["value"])} }}',
            f"points = {rule['points']}",
            f'because = "{rule["because"]}"',
        ]
    return parse_policy("\n".join(lines)).scoring


def _leads() -> list[dict[str, Any]]:
    chance = random.Random(1)
    choices: dict[str, list[str | bool | None]] = {
        "action": ["PLT", "INS", "Create", "DNC", None],
        "note": ["call me", None],
        "person.rank": ["owner", "c_level", "vp", "director", "manager", "professional", None],
        "email.kind": ["corporate", "free", "disposable", None],
        "company.name": ["Contoso", None],
        "phone.valid": [True, False],
    }
    drawn = [{name: chance.choice(values) for name, values in choices.items()} for _ in range(LEADS)]
    return [{name: value for name, value in lead.items() if value is not None} for lead in drawn]


def _json_rules_engine(
    rules: list[dict[str, Any]], leads: list[dict[str, Any]]
) -> tuple[list[tuple[int, list[str]]], list[float]]:
    script = Path(__file__).parent / "peers" / "json_rules_engine.mjs"
    command = [shutil.which("node") or "node", str(script), str(json_rules_engine_folder()), str(ROUNDS)]
    given = json.dumps({"rules": rules, "leads": leads}).encode()
    done = subprocess.run(command, input=given, capture_output=True, timeout=600, check=True)
    output = json.loads(done.stdout)
    return [(total, names) for total, names in output["answers"]], output["perSecond"]
