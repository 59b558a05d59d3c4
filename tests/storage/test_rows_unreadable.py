"""A row that can't be read is refused by one error, whatever is wrong with it."""

import json

import pytest

from shared.leads.index import index_rows
from shared.mistakes import Unreadable
from shared.storage.rows import assignment_of, event_of, import_of, lead_entity, lead_of, workload_of
from tests.builders import a_lead


@pytest.mark.parametrize("text", ["", "{", '{"id":1', "null", "[]", "1", '"x"', '{"request":{}}'])
@pytest.mark.parametrize("read", [lead_of, event_of, assignment_of])
def test_a_row_of_another_form_is_unreadable(read, text):
    with pytest.raises(Unreadable):
        read({"index": "[]", "json0": text})


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"openLeads":[],"counts":[],"switchedOnAt":1}'])
@pytest.mark.parametrize("read", [workload_of, import_of])
def test_a_workload_or_an_import_of_another_form_is_unreadable(read, text):
    with pytest.raises(Unreadable):
        read({"json0": text})


def test_a_row_without_its_columns_is_unreadable():
    stored = lead_entity(a_lead(), index_rows(a_lead()))
    for column in ("index", "json0"):
        with pytest.raises(Unreadable):
            lead_of({name: value for name, value in stored.items() if name != column})


def test_a_flat_lead_whose_assignment_is_none_is_unreadable():
    stored = lead_entity(a_lead(), index_rows(a_lead()))
    flat = {**json.loads(stored["json0"]), "bookkeeping": {"assignment": None}}

    with pytest.raises(Unreadable):
        lead_of({**stored, "json0": json.dumps(flat)})
