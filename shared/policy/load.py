"""From the text of a policy file to a `Policy`, or to one error that names the place and the rule."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from shared.marketplace.title import slugified
from shared.policy.duration import Duration
from shared.policy.model import Policy
from shared.policy.scoring import Rule, ScoringPolicy

SHIPPED = Path(__file__).with_name("policy.toml")


class InvalidPolicy(ValueError):
    """The policy says something it can't. The text names the place and the rule."""


def load_policy(path: Path | None = None) -> Policy:
    """The policy of a file; a table that is missing there is the shipped one. None: all of it is shipped.

    Raises:
        InvalidPolicy: unreadable file, not TOML, an unknown table or field, a value out of bounds.
    """
    if path is None:
        return parse_policy("")
    try:
        return parse_policy(_read(path))
    except InvalidPolicy as exc:
        raise InvalidPolicy(f"{path.name}: {exc}") from exc


def parse_policy(text: str) -> Policy:
    """The policy of a TOML text, see `load_policy`."""
    try:
        tables = {**_shipped_tables(), **tomllib.loads(text)}
        policy = msgspec.convert(tables, Policy, dec_hook=_decode)
    except tomllib.TOMLDecodeError as exc:
        raise InvalidPolicy(f"The policy isn't TOML: {exc}.") from exc
    except msgspec.ValidationError as exc:
        raise InvalidPolicy(f"The policy is wrong: {'; '.join(_wrong_rules(tables)) or exc}.") from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidPolicy(
            "The policy isn't TOML that we take: nested too deep, or a number too long."
        ) from exc
    return policy


def read_scoring(written: str) -> ScoringPolicy:
    """The rules of a JSON text that `scoring.written` gave."""
    return msgspec.convert(json.loads(written), ScoringPolicy, dec_hook=_decode)


def offers_by_title(policy: Policy) -> Mapping[str, str]:
    """Offer ids by slugified title."""
    return {slugified(title): id_ for id_, offer in policy.offers.items() for title in offer.titles}


@cache
def _shipped_tables() -> dict[str, Any]:
    return tomllib.loads(SHIPPED.read_text(encoding="utf-8"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidPolicy(f"The policy file can't be read: {path}: {type(exc).__name__}.") from exc


def _wrong_rules(tables: Mapping[str, Any]) -> Iterator[str]:
    """Every rule that is wrong for itself: by model and name, and what is wrong with it."""
    models = tables["scoring"].get("models", ()) if isinstance(tables["scoring"], dict) else ()
    for model in models if isinstance(models, list) else ():
        rules = model.get("rules", ()) if isinstance(model, dict) else ()
        for number, rule in enumerate(rules if isinstance(rules, list) else (), 1):
            try:
                msgspec.convert(rule, Rule, dec_hook=_decode)
            except msgspec.ValidationError as exc:
                name = f" `{rule['name']}`" if isinstance(rule, dict) and rule.get("name") else ""
                yield f"rule {number}{name} of model `{model.get('name', '?')}`: {exc}"


def _decode(type_: type, value: Any) -> Any:
    """The one type that msgspec doesn't know: ours."""
    if type_ is Duration:
        return Duration.parse(value)
    raise NotImplementedError(f"{type_} has no decoder")
