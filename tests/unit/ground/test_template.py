"""The template that a client starts from says nothing that the roles do not know."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).resolve().parents[3]
UPDATE = ROOT / "inventories" / "template" / "changes" / "CHG-TEMPLATE" / "update.yml"

#: whose entry point takes which of the variables
ROLES = {
    "software_update_quiesce": ("software_update", "quiesce"),
    "software_update_steps": ("software_update", "main"),
    "software_update_way_back": ("software_update", "way_back"),
    "service_checks_list": ("service_checks", "main"),
}


def _specification(role, entry):
    found = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
    return found["argument_specs"][entry]["options"]


@pytest.mark.parametrize("variable", ROLES)
def test_the_update_is_written_as_the_role_reads_it(variable):
    described = yaml.safe_load(UPDATE.read_text())
    assert described[variable]
    options = _specification(*ROLES[variable])
    checked = ArgumentSpecValidator({variable: options[variable]}).validate(
        {variable: described[variable]}
    )
    assert checked.error_messages == []


def test_the_update_sets_nothing_else():
    assert set(yaml.safe_load(UPDATE.read_text())) == set(ROLES)


def test_the_update_names_only_hosts_of_the_template():
    hosts = yaml.safe_load((UPDATE.parents[2] / "hosts.yml").read_text())
    known = hosts["all"]["children"]["clients"]["hosts"].keys()
    for entries in yaml.safe_load(UPDATE.read_text()).values():
        assert {entry.get("hosts") or entry["host"] for entry in entries} <= known
