"""What an operator writes about a provider: its address, and the paths of the facts."""

import pytest

from shared.providers.address import checked_url, host_of, url_for
from shared.providers.mapping import MAX_FACTS, facts_in, read_mapping

A_URL = "https://api.example:8443/v1/firms/{domain}?key=a%2Bb"


@pytest.mark.parametrize(
    "text", [A_URL, f" {A_URL}\n", "HTTPS://api.example/?d={domain}", "https://[2001:db8::1]/{domain}"]
)
def test_an_https_template_is_taken_as_it_is(text):
    assert checked_url(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "https://"),
        ("api.example/{domain}", "https://"),
        ("http://api.example/{domain}", "https://"),
        ("file:///{domain}", "https://"),
        ("https:///{domain}", "a host"),
        ("https://:8443/{domain}", "a host"),
        ("https://api.example:secret/{domain}", "a URL"),
        ("https://[secret/{domain}", "a URL"),
        ("https://secret:secret@api.example/{domain}", "user and password"),
        ("https://secret@api.example/{domain}", "user and password"),
        ("https://api.example/", "{domain} once"),
        ("https://api.example/{domain}/{domain}", "{domain} once"),
        ("https://{domain}/secret", "{domain} once, after the host"),
        ("https://{domain}.api.example/", "{domain} once, after the host"),
        ("https://api.example/#{domain}", "fragment"),
        ("https://api.example/{domain}?key={secret}", "braces"),
        ("https://api.example/{domain}?key=sec ret", "blanks"),
        ("https://api.example\\@secret/{domain}", "backslashes"),
    ],
)
def test_a_wrong_address_is_refused_with_the_rule_and_never_its_text(text, rule):
    with pytest.raises(ValueError, match=rule) as raised:
        checked_url(text)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_the_host_is_all_that_is_shown_of_an_address():
    assert host_of(A_URL) == "api.example"


def test_a_domain_takes_its_place_once():
    assert url_for(A_URL, "{domain}/x") == "https://api.example:8443/v1/firms/%7Bdomain%7D%2Fx?key=a%2Bb"


def test_a_mapping_is_read_with_or_without_blanks():
    text = " industry = company.category.industry,employees=metrics.employees,\n tag=tags.0 , f-a.c_t=a b "
    assert read_mapping(text) == {
        "industry": "company.category.industry",
        "employees": "metrics.employees",
        "tag": "tags.0",
        "f-a.c_t": "a b",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", r"must be `fact=path` with commas between \(entry 1\)"),
        ("a=b, secret", r"must be `fact=path` with commas between \(entry 2\)"),
        ("a=b,", r"must be `fact=path` with commas between \(entry 2\)"),
        ("=secret", r"must name facts by a letter.* \(entry 1\)"),
        ("9secret=b", r"must name facts by a letter.* \(entry 1\)"),
        ("\u00fcsecret=b", r"must name facts by a letter.* \(entry 1\)"),
        (f"{'n' * 65}=secret", r"must name facts by a letter.* \(entry 1\)"),
        ("a=", r"must have paths of names .* \(entry 1\)"),
        ("a=.secret", r"must have paths of names .* \(entry 1\)"),
        ("a=secret..b", r"must have paths of names .* \(entry 1\)"),
        ("a=secret.", r"must have paths of names .* \(entry 1\)"),
        ("a=secret=b", r"must have paths of names .* \(entry 1\)"),
        ("a=b, c=d, a=secret", r"must name each fact once \(entry 3\)"),
        (",".join(f"a{number}=b" for number in range(MAX_FACTS + 1)), "at most 50"),
    ],
)
def test_a_wrong_mapping_is_refused_with_position_and_rule_and_never_its_text(text, problem):
    with pytest.raises(ValueError, match=problem) as raised:
        read_mapping(text)
    assert "secret" not in str(raised.value)


def test_a_name_may_have_64_characters():
    assert read_mapping(f"{'n' * 64}=b") == {"n" * 64: "b"}


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("Software", "Software"),
        (" Software\n", "Software"),
        ("x" * 200, "x" * 200),
        (f" {'x' * 200} ", "x" * 200),
        (0, 0),
        (-5, -5),
        (2**63 - 1, 2**63 - 1),
        (0.0, 0.0),
        (True, True),
        (False, False),
    ],
)
def test_plain_values_are_facts(value, fact):
    facts = facts_in({"a": value}, {"fact": "a"})
    assert facts == {"fact": fact}
    assert type(facts["fact"]) is type(fact)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " \n",
        "x" * 201,
        "\ud800",
        None,
        [],
        ["a"],
        {},
        {"a": 1},
        float("inf"),
        float("nan"),
        2**63,
        10**400,
    ],
)
def test_other_values_are_left_out(value):
    assert facts_in({"a": value}, {"fact": "a"}) == {}


@pytest.mark.parametrize(
    ("answer", "path", "facts"),
    [
        ({"a": {"b": {"c": 1}}}, "a.b.c", {"fact": 1}),
        ([{"a": 1}, {"a": 2}], "1.a", {"fact": 2}),
        ({"a": [[1, 2]]}, "a.0.1", {"fact": 2}),
        ({"0": 1}, "0", {"fact": 1}),
        ({"a": [1]}, "a.1", {}),
        ({"a": [1]}, "a.-1", {}),
        ({"a": [1]}, "a.\u0660", {}),  # a digit, but none of ours
        ({"a": [1]}, f"a.{'9' * 5000}", {}),
        ({"a": [1]}, "a.b", {}),
        ({"a": "text"}, "a.0", {}),
        ({"a": 1}, "a.b", {}),
        ({"a": 1}, "b", {}),
        (None, "a", {}),
    ],
)
def test_a_path_leads_through_names_and_list_indexes(answer, path, facts):
    assert facts_in(answer, {"fact": path}) == facts
