"""Checks as a host is sent them, and what a host may say of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from sluis.border.verbs.service_check import Check as Described
from sluis.border.verbs.service_check import Result
from sluis.errors import InputError
from sluis.evidence.predicates import Check
from sluis.runbook.checks import plan_checks, record_checks, typed_checks
from support.dossiers import make

GOOD = {"id": "web", "what": "The page answers.", "host": "app1", "type": "http",
        "url": "http://127.0.0.1/"}  # fmt: skip
SPECS = Path(__file__).parents[3] / "roles/service_checks/meta/argument_specs.yml"


def test_every_field_of_the_role_has_a_shape():
    options = yaml.safe_load(SPECS.read_text())["argument_specs"]["main"]["options"]
    described = options["service_checks_list"]["options"]
    # when it is made is no matter of the host's
    assert set(described) - {"after"} == {field.name for field in dataclasses.fields(Described)}


def test_a_number_that_is_expected_as_text_is_text():
    found, unusable = typed_checks({"web": {**GOOD, "expect": 5, "contains": 1.5}})
    assert unusable == {}
    assert (found["web"].expect, found["web"].contains) == ("5", "1.5")


@pytest.mark.parametrize(
    ("change", "field"),
    [({"port": "x"}, "port"), ({"port": True}, "port"), ({"path": "etc"}, "path"),
     ({"type": "shell"}, "type"), ({"unknown": 1}, "unknown"), ({"tries": 10**9}, "tries"),
     ({"sha256": "A" * 64}, "sha256"), ({"unit": "a\x1bb"}, "unit")],
)  # fmt: skip
def test_a_check_that_cannot_be_sent_is_refused_before_it_is_signed(change, field):
    checks = {"web": {**GOOD, **change}}
    assert field in typed_checks(checks)[1]["web"]
    with pytest.raises(InputError, match=f"bad-checks.*{field}"):
        plan_checks(None, "app1", checks)  # type: ignore[arg-type]


def test_only_what_was_asked_counts(tmp_path):
    made = make(tmp_path)
    dossier = type("D", (), {"ledger": made.ledger, "key": made.key})
    answers = (Result("web", None, "no", 1, 0.1), Result("other", True, "yes", 1, 0.1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sluis.runbook.checks.now", lambda: made.now)
        record_checks(dossier, "app1", {"web": GOOD, "two": GOOD}, answers)  # type: ignore[arg-type]
    found = {item.body.check: item.body for item in made.read().of(Check)}
    assert {name: body.passed for name, body in found.items()} == {"web": None, "two": None}
    assert found["two"].detail == "the host gave no answer about it"
