"""Ten rules over leads with business-rules, as its documentation shows: variables, actions, `run_all`."""

import sys
from collections.abc import Callable
from typing import Any

from bench.peers import business_rules_folder

type Answer = tuple[int, list[str]]


def ready(rules: list[dict[str, Any]], leads: list[dict[str, Any]]) -> Callable[[], list[Answer]]:
    """The work of one round: every lead's total and the names of its ledger's lines."""
    sys.path.append(str(business_rules_folder()))
    from business_rules import run_all  # noqa: PLC0415 - installed apart
    from business_rules.actions import BaseActions, rule_action  # noqa: PLC0415
    from business_rules.fields import FIELD_NUMERIC, FIELD_TEXT  # noqa: PLC0415
    from business_rules.variables import (  # noqa: PLC0415
        BaseVariables,
        boolean_rule_variable,
        select_multiple_rule_variable,
        string_rule_variable,
    )

    def variable(rule: dict[str, Any]) -> Any:
        fact, test, value = rule["fact"], rule["test"], rule["value"]
        if test == "exists":
            return boolean_rule_variable()(lambda self: self.lead.get(fact) is not None)
        if test == "in":
            return select_multiple_rule_variable(options=value)(lambda self: [self.lead.get(fact)])
        if isinstance(value, bool):
            return boolean_rule_variable()(lambda self: self.lead.get(fact) is True)
        return string_rule_variable()(lambda self: self.lead.get(fact) or "")

    def init(self: Any, lead: dict[str, Any]) -> None:
        self.lead = lead

    names = [rule["name"].replace("-", "_") for rule in rules]
    members = {name: variable(rule) for name, rule in zip(names, rules, strict=True)}
    variables = type("Variables", (BaseVariables,), {"__init__": init, **members})

    class Actions(BaseActions):  # type: ignore[misc]
        def __init__(self) -> None:
            self.ledger: list[dict[str, Any]] = []

        @rule_action(params={"rule": FIELD_TEXT, "points": FIELD_NUMERIC, "because": FIELD_TEXT})  # type: ignore[untyped-decorator]
        def give(self, rule: str, points: int, because: str) -> None:
            self.ledger.append({"rule": rule, "points": points, "because": because})

    written = [_written(name, rule) for name, rule in zip(names, rules, strict=True)]

    def work() -> list[Answer]:
        answers = []
        for lead in leads:
            actions = Actions()
            run_all(rule_list=written, defined_variables=variables(lead), defined_actions=actions)
            total = sum(line["points"] for line in actions.ledger)
            answers.append((total, sorted(line["rule"] for line in actions.ledger)))
        return answers

    return work


def _written(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    if rule["test"] == "exists" or rule["value"] is True:
        test = {"name": name, "operator": "is_true", "value": True}
    elif rule["test"] == "in":
        test = {"name": name, "operator": "shares_at_least_one_element_with", "value": rule["value"]}
    else:
        test = {"name": name, "operator": "equal_to", "value": rule["value"]}
    params = {"rule": rule["name"], "points": rule["points"], "because": rule["because"]}
    return {"conditions": {"all": [test]}, "actions": [{"name": "give", "params": params}]}
