"""Policy files as text: one model with one rule, any part of it replaced."""

GROUPS = """
[scoring.models.groups]
fit = { cap = 60, grades = { A = 42, B = 28, C = 14 } }
intent = { cap = 40, grades = { 1 = 30, 2 = 20, 3 = 10 } }
"""
HEAD = 'name = "mine"\nqualify = { enter = 50 }'
RULE = {
    "name": '"one"',
    "group": '"fit"',
    "when": '{ fact = "action", exists = true }',
    "points": "5",
    "because": '"so"',
}


def scoring(groups: str = GROUPS, head: str = HEAD, rules: str = "", top: str = "") -> str:
    return f"[scoring]\n{top}\n[[scoring.models]]\n{head}\n{rules or 'rules = []'}\n{groups}"


def with_rule(top: str = 'interactions = ["call"]', **fields: str | None) -> str:
    """A policy of one rule, with some of its fields replaced; None leaves a field out."""
    told = {name: text for name, text in {**RULE, **fields}.items() if text is not None}
    rule = ", ".join(f"{name} = {text}" for name, text in told.items())
    return scoring(rules=f"rules = [{{ {rule} }}]", top=top)


def with_qualify(text: str) -> str:
    return scoring(head=f'name = "mine"\nqualify = {{ {text} }}')


def with_grades(fit: str = "A = 42, B = 28, C = 14", cap: str = "60", more: str = "") -> str:
    return scoring(
        f"[scoring.models.groups]\nfit = {{ cap = {cap}, grades = {{ {fit} }} }}\n"
        f"intent = {{ cap = 40, grades = {{ 1 = 30, 2 = 20, 3 = 10 }} }}\n{more}"
    )
