"""The make-believe vendor's updates do what the demo says of them, and are well described."""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from sluis.rehearsal.client_files import write_client, write_scope
from sluis.rehearsal.fingerprint import fingerprint
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.practice_data import SMALL
from sluis.rehearsal.project import make_project
from sluis.rehearsal.vendor import write_update
from sluis.scope.load import load_scope

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def described(lab, tmp_path_factory):
    places = make_project(tmp_path_factory.mktemp("lab") / "project")
    who = write_client(lab, places, now=NOW)
    for change in ("CHG-1", "CHG-2"):
        write_scope(lab, who, change, today=NOW.date(), title="Update")
    return {
        "5.1": write_update(lab, who, "CHG-1", "5.1"),
        "5.2": write_update(lab, who, "CHG-2", "5.2"),
    }


def _by_hand(lab, update):
    """Run the described steps on the hosts one after another, as Ansible would."""
    described = yaml.safe_load(update.description.read_text())
    for step in described["software_update_quiesce"] + described["software_update_steps"]:
        args = step["args"]
        match step["module"].rpartition(".")[2]:
            case "command":
                done = lab.run(step["hosts"], shlex.join(args["argv"]), check=False)
            case "script":
                script, *words = shlex.split(args["cmd"])
                done = lab.run(
                    step["hosts"],
                    f"sh -s {shlex.join(words)}",
                    stdin=Path(script).read_text(),
                    check=False,
                )
            case "copy":
                subprocess.run(["cp", "-rT", args["src"], args["dest"]], check=True)
                continue
        if done.returncode != 0:
            return step["step"], done.stderr
    return None, ""


def test_both_are_written_as_the_roles_read_them(described):
    specifications = {}
    for role in ("software_update", "service_checks"):
        found = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())
        for entry in found["argument_specs"].values():
            specifications |= entry["options"]
    for update in described.values():
        written = yaml.safe_load(update.description.read_text())
        assert set(written) <= set(specifications)
        wanted = {name: specifications[name] for name in written}
        assert ArgumentSpecValidator(wanted).validate(written).error_messages == []
        load_scope(update.description.with_name("scope.yml"))


def test_one_update_is_good_and_the_other_breaks_half_way(lab, described):
    before = fingerprint(lab)
    assert before.rows == 9_613
    assert before.differences(fingerprint(lab)) == []

    assert _by_hand(lab, described["5.1"]) == (None, "")
    assert lab.health()["version"] == "5.1"
    assert lab.health()["status"] == 200
    good = fingerprint(lab)
    assert set(before.differences(good)) == {
        "release: NEWS.txt", "release: release.json", "sequences: consent_log_id_seq",
        "tables: consent_log", "tables: patient", "tables: schema_version",
    }  # fmt: skip

    step, said = _by_hand(lab, described["5.2"])
    assert step == "migrate-database"
    assert "cannot alter type of a column used by a view" in said
    changed = good.differences(fingerprint(lab))
    assert {"tables: measurement", "tables: patient", "tables: prescription"} <= set(changed)
    assert "release: release.json" in changed
    lost = [name for name in changed if name.startswith("documents: brieven/2025/")]
    assert len(lost) == SMALL.documents // 5
    assert lab.health()["status"] == 0
