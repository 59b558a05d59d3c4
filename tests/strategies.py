"""Strategies of Hypothesis: conditions, behaviours, interactions and policies, whatever a file may hold."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from shared.leads.interactions import Interaction
from shared.policy.conditions import Condition
from shared.policy.duration import Duration
from shared.policy.scoring import (
    Behaviour,
    Decay,
    Group,
    Model,
    Part,
    Qualification,
    Requirement,
    Rule,
    ScoringPolicy,
)
from tests.builders import INTERACTION_TYPES
from tests.samples import NOW

VALUES = st.sampled_from(["INS", "owner", "x", 0, 1, 2, 1.5, True, False])
FACTS = st.dictionaries(
    st.sampled_from(["action", "person.rank", "touches", "returning", "note", "industry", "other"]),
    VALUES | st.none() | st.just(["x"]),
)
INTERACTIONS = st.lists(
    st.builds(
        Interaction,
        type=st.sampled_from(INTERACTION_TYPES),
        at=st.integers(-100, 100).map(lambda hours: NOW + timedelta(hours=hours)),
        number=st.integers(1, 1000),
        detail=st.none() | st.sampled_from(["the PRICES", "x"]),
    ),
    max_size=12,
    unique_by=lambda one: one.number,
)


def examples(number: int) -> Callable[[Any], Any]:
    """That many generated examples, the same in every run."""
    return settings(max_examples=number, deadline=None, derandomize=True, database=None)


def conditions() -> st.SearchStrategy[Condition]:
    """Any condition, nested up to three deep."""
    facts = st.sampled_from(["action", "touches", "returning", "note", "industry"])
    tests = st.one_of(
        VALUES.map(lambda value: {"equals": value}),
        st.lists(VALUES, min_size=1, max_size=3).map(lambda values: {"in_": tuple(values)}),
        st.sampled_from(["s", "INS", ("x", "w")]).map(lambda text: {"contains": text}),
        st.tuples(st.integers(-1, 1), st.integers(1, 3)).map(lambda ends: {"range": ends}),
        st.booleans().map(lambda known: {"exists": known}),
    )
    single = st.builds(lambda fact, test: Condition(fact=fact, **test), facts, tests)
    return st.recursive(
        single,
        lambda parts: st.one_of(
            st.lists(parts, min_size=1, max_size=3).map(lambda some: Condition(all=tuple(some))),
            st.lists(parts, min_size=1, max_size=3).map(lambda some: Condition(any=tuple(some))),
            parts.map(lambda part: Condition(not_=part)),
        ),
        max_leaves=4,
    )


def behaviours() -> st.SearchStrategy[Behaviour]:
    """Any behaviour whose points fade: all but `not_seen_for`."""
    some = st.integers(1, 100).map(lambda hours: Duration(hours=hours))
    spans = st.none() | some
    types = st.sampled_from(INTERACTION_TYPES) | st.just(INTERACTION_TYPES[:2])
    parts = st.builds(
        Part,
        interaction=types,
        at_least=st.integers(1, 2),
        within=spans,
        once_a_day=st.booleans(),
    )
    decays = st.builds(Decay, percent=st.integers(1, 100), every=some)
    return st.one_of(
        counting(types, spans, st.none()),
        counting(types, st.none(), st.none() | decays),
        st.builds(Behaviour, all=st.lists(parts, min_size=2, max_size=3).map(tuple), half_life=spans),
    )


def counting(
    types: st.SearchStrategy[Any], half_lives: st.SearchStrategy[Any], decays: st.SearchStrategy[Any]
) -> st.SearchStrategy[Behaviour]:
    """Behaviour that counts interactions, whose points fade by a half-life or by a decay."""
    spans = st.none() | st.integers(1, 100).map(lambda hours: Duration(hours=hours))
    return st.builds(
        Behaviour,
        interaction=types,
        detail=st.none() | st.sampled_from(["Price", "x"]),
        at_least=st.integers(1, 3),
        within=spans,
        each=st.booleans(),
        half_life=half_lives,
        decay=decays,
        once_a_day=st.booleans(),
    )


@st.composite
def policies(draw: st.DrawFn) -> ScoringPolicy:
    """Any policy that a file may hold."""
    thresholds = st.lists(st.integers(0, 100), min_size=3, max_size=3).map(
        lambda points: sorted(points, reverse=True)
    )
    floors, caps = st.integers(-100, 0), st.integers(0, 100)
    groups = {
        "fit": Group(
            cap=draw(caps), floor=draw(floors), grades=dict(zip("ABC", draw(thresholds), strict=True))
        ),
        "intent": Group(
            cap=draw(caps), floor=draw(floors), grades=dict(zip("123", draw(thresholds), strict=True))
        ),
        "luck": Group(cap=draw(caps), floor=draw(floors)),
    }
    rules = []
    for number in range(draw(st.integers(0, 8))):
        what = draw(st.sampled_from(["when", "behaviour", "both"]))
        rules.append(
            Rule(
                name=f"rule-{number}",
                group=draw(st.sampled_from(list(groups))),
                points=draw(st.integers(-100, 100)),
                because=f"because {number}",
                when=draw(conditions()) if what != "behaviour" else None,
                behaviour=draw(behaviours()) if what != "when" else None,
                cap=draw(st.none() | caps),
            )
        )
    enter = draw(st.integers(0, 100))
    needs = st.lists(conditions().map(lambda when: Requirement(when=when, because="needed")), max_size=2)
    qualify = Qualification(
        enter=enter,
        leave=draw(st.none() | st.integers(0, enter)),
        needs=tuple(draw(needs)),
        hold_back=tuple(draw(needs)),
    )
    return ScoringPolicy(
        interactions=INTERACTION_TYPES,
        models=(Model(name="any", qualify=qualify, groups=groups, rules=tuple(rules)),),
    )
