"""The README's push is scored as the README shows it."""

import json
import re

from tests.conftest import ROOT
from tests.end_to_end.conftest import scored


async def test_the_push_of_the_readme_gets_the_score_that_the_readme_shows(caller):
    text = (ROOT / "README.md").read_text()
    push = json.loads(re.search(r"-d '(\{.*?\})'\n```", text, re.DOTALL)[1])
    shown = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])

    _, receipt = await caller.push(push, path="/contoso.contoso-backup")
    lead = await scored(caller, receipt["leadId"])

    own = {"id", "followUp"}  # of each lead
    assert receipt["result"] == "created"
    assert differences({name: value for name, value in shown.items() if name not in own}, lead) == []


def differences(shown, real, place=""):
    """Where a value that is shown isn't the real one; what isn't shown may be anything, but in lists."""
    if isinstance(shown, dict):
        return [found for name in shown for found in differences(shown[name], real[name], f"{place}/{name}")]
    if isinstance(shown, list) and len(shown) == len(real):
        pairs = enumerate(zip(shown, real, strict=True))
        return [found for number, (one, of) in pairs for found in differences(one, of, f"{place}/{number}")]
    return [] if shown == real else [place]
