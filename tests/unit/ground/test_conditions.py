"""A condition is a yes or a no: Ansible (2.19) refuses a list or a text in its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml")]
#: what a list or a text ends with that is left as it is
_NO_ANSWER = re.compile(r"default\((?:\[\]|\{\}|''|\"\")\)\s*$")


def conditions(part: object) -> list[str]:
    """Every ``when`` of a file, at any depth."""
    if isinstance(part, list):
        return [one for item in part for one in conditions(item)]
    if not isinstance(part, dict):
        return []
    said = part.get("when", [])
    here = [str(one) for one in (said if isinstance(said, list) else [said])]
    return here + [one for name, item in part.items() if name != "when" for one in conditions(item)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_newcomer_no_condition_is_a_list(file: Path) -> None:
    found = conditions(yaml.safe_load(file.read_text()))
    assert [one for one in found if _NO_ANSWER.search(one)] == []
