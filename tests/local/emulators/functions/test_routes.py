"""Route templates of the functions host."""

import pytest

from local.emulators.functions.routes import InvalidRoute, RouteTable, RouteTemplate, split_path


def match(template: str, path: str) -> dict[str, str] | None:
    return RouteTemplate.parse(template).match(split_path(path))


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("api/leads", "/api/leads", {}),
        ("api/leads", "/API/Leads/", {}),
        ("api/leads", "/api/leads/1", None),
        ("api/leads", "/api", None),
        ("api/leads", "/api//leads", None),
        ("api/leads/{id}", "/api/leads/Ab-1", {"id": "Ab-1"}),
        ("api/leads/{id}", "/api/leads/", None),
        ("api/leads/{id?}", "/api/leads", {}),
        ("api/leads/{id?}", "/api/leads/7", {"id": "7"}),
        ("api/{id=9}", "/api", {"id": "9"}),
        ("api/{id:int=9}", "/api/8", {"id": "8"}),
        ("api/{id}/events", "/api/7/events", {"id": "7"}),
        ("api/{id?}/events", "/api/events", None),
        ("api/{id:int}", "/api/-7", {"id": "-7"}),
        ("api/{id:int}", "/api/seven", None),
        ("api/{id:int}", "/api/2147483648", None),
        ("api/{id:long}", "/api/2147483648", {"id": "2147483648"}),
        ("api/{id:int?}", "/api", {}),
        ("api/{id:int?}", "/api/x", None),
        (
            "api/{id:guid}",
            "/api/0f8fad5b-d9cb-469f-a165-70867728950e",
            {"id": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        ),
        ("api/{id:guid}", "/api/0f8fad5b", None),
        ("api/{on:bool}", "/api/TRUE", {"on": "TRUE"}),
        ("api/{on:bool}", "/api/yes", None),
        ("api/{n:decimal}", "/api/1.5", {"n": "1.5"}),
        ("api/{n:double}", "/api/1e3", {"n": "1e3"}),
        ("api/{n:decimal}", "/api/1e3", None),
        ("api/{d:datetime}", "/api/2026-01-31", {"d": "2026-01-31"}),
        ("api/{d:datetime}", "/api/2026-02-31", None),
        ("api/{a:alpha}", "/api/abc", {"a": "abc"}),
        ("api/{a:alpha}", "/api/ab1", None),
        ("api/{a:alpha:length(2)}", "/api/abc", None),
        ("api/{a:alpha:minlength(2):maxlength(3)}", "/api/abc", {"a": "abc"}),
        ("api/{a:length(2,3)}", "/api/abcd", None),
        ("api/{n:range(1,5)}", "/api/5", {"n": "5"}),
        ("api/{n:range(1,5)}", "/api/6", None),
        ("api/{n:min(3)}", "/api/2", None),
        ("api/{n:max(3)}", "/api/3", {"n": "3"}),
        (r"api/{a:regex(^\d{{3}}-(x|y)$)}", "/api/123-y", {"a": "123-y"}),
        (r"api/{a:regex(^\d{{3}}-(x|y)$)}", "/api/12-y", None),
        ("files/{*path}", "/files/a/b.txt", {"path": "a/b.txt"}),
        ("files/{*path}", "/files", {}),
        ("files/{**path}", "/files/a//b", {"path": "a//b"}),
        ("files/{*path=index}", "/files", {"path": "index"}),
        ("files/{*path:int}", "/files/a", None),
        ("{*path}", "/", {}),
        ("v{major:int}.{minor:int}/x", "/v1.20/x", {"major": "1", "minor": "20"}),
        ("v{major:int}.{minor:int}/x", "/v1/x", None),
        ("report-{year}.pdf", "/report-2026.pdf", {"year": "2026"}),
        ("api/{name}", "/api/gr%C3%BCn%20und%2Bblau", {"name": "grün und+blau"}),
        ("api/{name}", "/api/a%2Fb", {"name": "a%2Fb"}),  # an encoded slash makes no segment
        ("", "/", {}),
    ],
)
def test_a_path_matches_a_template_with_these_values(template: str, path: str, values: dict[str, str] | None):
    assert match(template, path) == values


@pytest.mark.parametrize(
    "template",
    [
        "{",
        "a}",
        "{}",
        "{a",
        "{a:nosuch}",
        "{a:range(1)}",
        "{a:min(x)}",
        "{a:regex([)}",
        "{a}/{A}",
        "{*rest}/x",
        "{a b}",
    ],
)
def test_a_template_that_cannot_be_read_is_refused(template: str):
    with pytest.raises(InvalidRoute):
        RouteTemplate.parse(template)


@pytest.mark.parametrize(
    ("path", "winner"),
    [
        ("/a/special", "a/special"),
        ("/a/7", "a/{id:int}"),
        ("/a/x7.txt", "a/x{n}.txt"),
        ("/a/seven", "a/{name}"),
        ("/a/7/8", "a/{*rest}"),
        ("/b", "{*all}"),
    ],
)
def test_the_more_literal_template_wins_whatever_the_order(path: str, winner: str):
    templates = ["{*all}", "a/{*rest}", "a/{name}", "a/x{n}.txt", "a/{id:int}", "a/special"]
    for ordered in (templates, templates[::-1]):
        table: RouteTable[str] = RouteTable()
        for template in ordered:
            table.add(RouteTemplate.parse(template), (), template)
        found = table.find("GET", path)
        assert found is not None
        assert found[0] == winner


def test_the_method_chooses_among_functions_of_one_route():
    table: RouteTable[str] = RouteTable()
    table.add(RouteTemplate.parse("leads/{id}"), ("GET",), "read")
    table.add(RouteTemplate.parse("leads/{id}"), ("patch",), "change")
    assert table.find("GET", "/leads/1") == ("read", {"id": "1"})
    assert table.find("PATCH", "/leads/1") == ("change", {"id": "1"})
    assert table.find("DELETE", "/leads/1") is None
    assert table.find("HEAD", "/leads/1") is None


def test_a_function_without_methods_takes_every_method():
    table: RouteTable[str] = RouteTable()
    table.add(RouteTemplate.parse("any"), (), "any")
    assert table.find("REPORT", "/any") == ("any", {})
