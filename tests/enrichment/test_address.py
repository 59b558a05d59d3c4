"""Reading an address out of what was typed: one mailbox has one spelling, and no two have the same."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.enrichment import gold
from shared.enrichment.address import Address, fold_local_part, read_address
from shared.enrichment.email import email_facts
from tests.strategies import examples

DECORATIONS = [
    *("<{}>", "Ada B <{}>", '"B, Ada" <{}>', "mailto:{}", "E-Mail: {}", "[{}]", "&lt;{}&gt;"),
    *("{};", "{},", "{}.", "{} (work)", "(work) {}", " {}\r\n", '"{}"', "'{}'", "\u201c{}\u201d"),
    *("{}\u200b", "\ufeff{}", "\u202a{}\u202c", "\u2068{}\u2069", "\u00ad{}\u2060"),
]
LISTS = ["{}", "{}; bo@contoso.example", "{}, Bo <bo@contoso.example>", "{}\nbo@contoso.example"]
LOCAL_PARTS = st.from_regex(r"[a-z0-9!#$&*+/=?^{}~-]{1,8}(\.[a-z0-9_'-]{1,8})?", fullmatch=True)
HOSTS = st.from_regex(r"([a-z0-9ßäöüéșдя]{1,9}\.){1,2}(com|example|xn--p1ai)", fullmatch=True)


@st.composite
def decorated(draw: st.DrawFn, address: str) -> str:
    """The address as programs and people write it, in a list or not."""
    text = address
    for decoration in draw(st.lists(st.sampled_from(DECORATIONS), max_size=3)):
        text = decoration.format(text)
    return draw(st.sampled_from(LISTS)).format(text)


@pytest.mark.parametrize("row", gold("addresses_field"), ids=lambda row: row["text"])
def test_the_address_that_a_mail_program_would_write_to_is_read(row: dict[str, str]):
    facts = email_facts(json.loads(row["text"]))

    assert (facts.valid, facts.canonical) == (row["valid"] == "1", row["canonical"] or None)


@given(st.emails(), st.data())
@examples(300)
def test_what_a_mail_program_ignores_changes_no_address(address: str, data: st.DataObject):
    assume("%" not in address and "?" not in address)  # in a link they mean something else
    read = read_address(address)
    assume(read is not None)

    assert read_address(data.draw(decorated(address))) == read
    assert read_address(address.swapcase()) == read


@given(LOCAL_PARTS, HOSTS, LOCAL_PARTS, HOSTS)
@examples(300)
def test_two_real_addresses_are_never_one(name: str, host: str, other_name: str, other_host: str):
    one, other = read_address(f"{name}@{host}"), read_address(f"{other_name}@{other_host}")

    if one is not None and one == other:
        assert (fold_local_part(name), host.casefold()) == (
            fold_local_part(other_name),
            other_host.casefold(),
        )
        assert host == other_host


@given(st.one_of(st.text(max_size=60), st.emails(), st.from_regex(r"\A\S+@\S+\.\S+\Z")))
@examples(300)
def test_what_was_read_is_read_alike_again(text: str):
    read = read_address(text)

    assert read is None or read_address(read.canonical) == read


def test_a_sharp_s_is_no_double_s():
    assert read_address("ada@straße.example") != read_address("ada@strasse.example")
    assert read_address("ada@straße.example") == read_address("Ada@xn--strae-oqa.example")
    assert read_address("Groß@x.example") != read_address("gross@x.example")
    assert read_address("GROẞ@x.example") == read_address("groß@x.example")


def test_a_joiner_belongs_to_a_persian_domain_and_to_no_latin_one():
    with_joiner, without = "ada@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example", "ada@نامهای.example"

    assert read_address(with_joiner) != read_address(without)
    assert read_address("ada@fabri\u200ckam.example") == Address("ada", "fabrikam.example")


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("ada@fabrikam.example", True),
        ("Ada B <ada@fabrikam.example>, bo@fabrikam.example", True),
        ("ada@fabrikam.example, please call", False),
        ("ada@fabrikam.example; it was nice", False),
    ],
)
def test_a_sentence_that_begins_with_an_address_is_no_address(text: str, is_whole: bool):
    assert read_address(text) == Address("ada", "fabrikam.example")
    assert (read_address(text, whole=True) is not None) is is_whole


@pytest.mark.parametrize("row", gold("email_kinds_field"), ids=lambda row: row["email"])
def test_placeholders_and_universities_are_told_from_firms(row: dict[str, str]):
    assert email_facts(row["email"]).kind == row["kind"]
