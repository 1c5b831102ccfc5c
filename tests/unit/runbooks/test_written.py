"""F1: a slip of the pen in what an engineer wrote is said, with its line, before anything is done.

The ground is the template of the project: every slip is one change to it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible import constants
from ansible.parsing.dataloader import DataLoader

from sluis.errors import InputError
from sluis.evidence.anchors import load_anchors, trust_key
from sluis.evidence.keys import new_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Signoff
from sluis.places import Places
from sluis.plan.faults import WrittenError
from sluis.runbook.connection_variables import connection_variables
from sluis.runbook.written import read_what_was_written
from sluis.scope.load import load_scope
from support.signing import make_bench

REPOSITORY = Path(__file__).resolve().parents[3]
CLIENT, CHANGE = "practice", "CHG-1"
RESTORE = """\
---
restore_asset_list:
  - asset: scanned-letters
    from_change: CHG-0
    snapshot_id: "{snapshot}"
service_checks_list:
  - id: letters
    what: De brieven zijn er.
    host: practice-server
    type: file
    path: /srv/practice/letters/2026/0001.pdf
""".format(snapshot="a" * 64)
#: what the template's steps send; the engineer puts it there
SENT = ("install.sh", "update-5.1.sql")
#: as long as it is there nobody can sign, so it is refused
QUESTION = """\
    open_questions:
      - question: Dit is een voorbeeld. Is elke regel vervangen door die van de klant?
        asked_of: de beheerder
        asked_on: 2026-11-02
"""
INVENTORY = "hosts.yml"
UPDATE = f"changes/{CHANGE}/update.yml"
SETTINGS = "group_vars/all.yml"
WAIVER = f"changes/{CHANGE}/waivers/scanned-letters.yml"


class Ground:
    """A client as the template describes it, and one change."""

    def __init__(self, root: Path) -> None:
        (root / "inventories").mkdir(parents=True)
        (root / "roles").symlink_to(REPOSITORY / "roles")
        self.places = Places(root)
        self.folder = self.places.inventory(CLIENT)
        shutil.copytree(REPOSITORY / "inventories" / "template", self.folder)
        (self.folder / "changes" / "CHG-TEMPLATE").rename(self.folder / "changes" / CHANGE)
        for name in SENT:
            self.add(f"changes/{CHANGE}/files/{name}", "x")
        self.change_in(
            f"changes/{CHANGE}/scope.yml",
            ("client: template", f"client: {CLIENT}"),
            ("change: CHG-TEMPLATE", f"change: {CHANGE}"),
            (QUESTION, ""),
        )

    def change_in(self, name: str, *pairs: tuple[str, str]) -> None:
        path = self.folder / name
        text = path.read_text()
        for old, new in pairs:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        path.write_text(text)

    def add(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text)

    def without_way_back(self) -> None:
        self.change_in(f"changes/{CHANGE}/scope.yml", ("  consent: true", "  consent: false"))

    def waiver(self) -> None:
        """The example, with a day that is still to come."""
        text = (self.folder / f"{WAIVER}.example").read_text()
        soon = datetime.now(UTC).date() + timedelta(days=3)
        (self.folder / WAIVER).write_text(re.sub(r"(?m)^ends_on: .*$", f"ends_on: {soon}", text))

    def read(self, playbook: str = "update.yml") -> None:
        read_what_was_written(self.places, CLIENT, CHANGE, playbook, DataLoader())

    def said(self, playbook: str = "update.yml") -> str:
        with pytest.raises(InputError) as error:
            self.read(playbook)
        assert isinstance(error.value, WrittenError), error.value
        return str(error.value)


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    # as ansible.cfg of the project sets it
    monkeypatch.setattr(constants, "INVENTORY_ENABLED", ["host_list", "yaml", "ini"])
    monkeypatch.setattr(constants, "INVENTORY_IGNORE_PATTERNS", ["^changes$"])
    return Ground(tmp_path / "project")


def line_of(ground: Ground, name: str, words: str) -> int:
    for number, line in enumerate((ground.folder / name).read_text().splitlines(), 1):
        if words in line:
            return number
    raise AssertionError(words)


def test_F1_what_the_template_says_is_read(ground: Ground) -> None:
    ground.read()
    ground.waiver()
    ground.read()
    ground.read("forecast.yml")
    ground.add(f"changes/{CHANGE}/restore.yml", RESTORE)
    ground.without_way_back()
    ground.read("restore.yml")


@pytest.mark.parametrize("playbook", ["update.yml", "tenant_migration.yml"])
def test_newcomer_an_open_question_is_said_with_its_line_before_anything_is_copied(
    ground: Ground, playbook: str
) -> None:
    scope = f"changes/{CHANGE}/scope.yml"
    ground.change_in(scope, ("    disposition:", f"{QUESTION}    disposition:"))
    line = line_of(ground, scope, "- question: Dit is een voorbeeld")
    if playbook == "tenant_migration.yml":
        ground.without_way_back()
    said = ground.said(playbook)
    assert said.startswith("open-question: ")
    assert f"{scope}, line {line}: asset 'patient-records': 'open_questions'" in said
    assert "Is elke regel vervangen" in said


def test_A1_a_day_that_is_past_is_said_with_its_line_and_today_is_not(ground: Ground) -> None:
    scope = f"changes/{CHANGE}/scope.yml"
    today = datetime.now(UTC).date()
    ground.change_in(
        scope,
        ("ends_on: no end date", f"ends_on: {today}"),
        ("when: no end date", "when: 2099-12-31"),
    )
    ground.read()
    ground.change_in(scope, (f"ends_on: {today}", "ends_on: 2020-01-01"))
    line = line_of(ground, scope, "ends_on: 2020-01-01")
    said = ground.said()
    assert said.startswith("day-is-past: ")
    assert f"{scope}, line {line}: asset 'patient-records': 'ends_on' says 2020-01-01" in said


def test_A8_another_scope_under_a_version_that_was_answered_is_said_with_its_line(
    ground: Ground, tmp_path: Path
) -> None:
    scope = f"changes/{CHANGE}/scope.yml"
    places, made = ground.places, make_bench(tmp_path / "bench")
    key = new_key(tmp_path / "keys", "operator")
    places.trust(CLIENT).mkdir(parents=True)
    trust_key(places.trust(CLIENT), CLIENT, key, now=made.now - timedelta(days=1))
    dossier = places.dossier(CLIENT, CHANGE)
    ledger = Ledger(dossier, load_anchors(places.trust(CLIENT), CLIENT), CLIENT, CHANGE)
    document = load_scope(ground.folder / scope).document
    signed = ObjectStore(dossier).put(document.to_bytes())
    ledger.append(
        Signoff(
            decision="yes", tier="attended", signer_name="A", signer_role="B",
            scope_object=signed, plan_object="1" * 64, shown="1" * 64,
        ),
        key=key, now=made.now,
    )  # fmt: skip
    ground.read()
    ground.change_in(scope, ("    criticality: normal", "    criticality: vital"))
    said = ground.said()
    line = line_of(ground, scope, "version: 1")
    assert said.startswith("same-version: ")
    assert f"{scope}, line {line}: 'version'" in said
    assert "Write version 2 into scope.yml" in said
    ground.change_in(scope, ("version: 1\n", "version: 2\n"))
    ground.read()


@pytest.mark.parametrize("playbook", ["restore.yml", "tenant_migration.yml"])
def test_a_way_back_that_no_plan_of_the_change_has_is_refused_with_its_line(
    ground: Ground, playbook: str
) -> None:
    """The client would agree to "we then put back the copy from right before the change"."""
    ground.add(f"changes/{CHANGE}/restore.yml", RESTORE)
    said = ground.said(playbook)
    line = line_of(ground, f"changes/{CHANGE}/scope.yml", "  consent: true")
    assert f"{CHANGE}/scope.yml, line {line}: way_back has 'consent: true'" in said
    assert "Write 'consent: false' there" in said
    ground.without_way_back()
    if playbook == "restore.yml":
        ground.read(playbook)


def test_F1_a_restore_list_with_a_slip_in_its_name_is_said_to_be_that(ground: Ground) -> None:
    ground.add(
        f"changes/{CHANGE}/restore.yml",
        RESTORE.replace("restore_asset_list", "restore_asset_lst").replace("checks_list", "checks"),
    )
    said = ground.said("restore.yml")
    assert "Did you mean 'restore_asset_list'?" in said
    assert "Did you mean 'service_checks_list'?" in said
    assert "no step" not in said
    assert "No check" not in said


def test_F1_an_id_of_a_snapshot_that_was_cut_short_is_said(ground: Ground) -> None:
    ground.add(f"changes/{CHANGE}/restore.yml", RESTORE.replace("a" * 64, "a" * 8))
    assert "restore.yml, line 5: 'aaaaaaaa' is no snapshot id" in ground.said("restore.yml")


def test_F1_an_argument_that_a_module_needs_is_missed(ground: Ground) -> None:
    ground.change_in(UPDATE, ("      dest: /var/lib/practice/update-5.1.sql\n", ""))
    said = ground.said()
    assert "ansible.builtin.copy needs the argument 'dest'" in said
    assert f"line {line_of(ground, UPDATE, 'module: ansible.builtin.copy')}:" in said


def test_F1_what_is_known_only_at_apply_or_is_secret_counts_as_given(ground: Ground) -> None:
    later = (
        "    args_at_apply: {dest: \"{{ software_update_results['install-package'].cache }}\"}\n"
    )
    ground.change_in(
        UPDATE, ('      dest: /var/lib/practice/update-5.1.sql\n      mode: "0600"\n', later)
    )
    ground.read()


def test_F1_a_step_that_is_undone_on_another_host_is_not_undone(ground: Ground) -> None:
    back = (
        "  - step: install-old-package\n"
        "    words: De oude versie van de leverancier terugzetten.\n    hosts: practice-"
    )
    ground.change_in(UPDATE, (f"{back}server", f"{back}printer"))
    said = ground.said()
    line = line_of(ground, UPDATE, "step: install-package")
    assert f"way-back-unknown: inventories/{CLIENT}/{UPDATE}, line {line}" in said
    assert f"these steps: install-package (line {line})." in said
    assert '"undoes: [install-package]"' in said


def test_F1_a_template_that_is_not_there_is_said(ground: Ground) -> None:
    ground.change_in(
        UPDATE,
        ("ansible.builtin.copy\n", "ansible.builtin.template\n"),
        ("files/update-5.1.sql", "files/gone.sql"),
    )
    assert f"changes/{CHANGE}/files/gone.sql' to send" in ground.said()


def test_F1_of_a_slip_in_a_name_it_is_not_said_as_well_that_nothing_undoes_the_step(
    ground: Ground,
) -> None:
    ground.change_in(
        UPDATE,
        ("undoes: [install-package]", "undoes: [instal-package]"),
        ("inside: [patient-records]", "inside: [patient-record]"),
    )
    said = ground.said()
    assert said.startswith("badly-written: 2 things"), said
    assert "nobody knows" not in said


def test_F1_every_step_of_which_nothing_is_said_is_named_once_with_its_line(ground: Ground) -> None:
    path = ground.folder / UPDATE
    path.write_text(re.sub(r"(?m)^    (stays|inside|undoes): .*\n", "", path.read_text()))
    said = ground.said()
    assert said.count("nobody knows what becomes of these steps") == 1
    for step in ("stop-practice", "install-package", "run-installer", "deliver-migration",
                 "migrate-database", "start-practice"):  # fmt: skip
        assert f"{step} (line {line_of(ground, UPDATE, f'step: {step}')})" in said


def test_F1_where_the_client_wants_no_way_back_nothing_has_to_be_said(ground: Ground) -> None:
    path = ground.folder / UPDATE
    path.write_text(re.sub(r"(?m)^    (stays|inside|undoes): .*\n", "", path.read_text()))
    ground.change_in(f"changes/{CHANGE}/scope.yml", ("  consent: true", "  consent: false"))
    ground.read()


def test_F1_a_file_whose_name_is_known_later_is_left_to_prepare(ground: Ground) -> None:
    ground.change_in(UPDATE, ("{{ change }}/files/install.sh", "{{ release }}/install.sh"))
    ground.change_in(UPDATE, ('src: "{{ inventory_dir }}/', "src: \"{{ lookup('env', 'HOME') }}/"))
    ground.read()


def test_F1_an_asset_on_a_host_that_there_is_not_is_said(ground: Ground) -> None:
    scope = f"changes/{CHANGE}/scope.yml"
    ground.change_in(scope, ("    host: practice-server", "    host: practice-sever"))
    said = ground.said()
    assert "'practice-sever' is not in the inventory" in said
    assert "Did you mean 'practice-server'?" in said
    assert f"{scope}, line {line_of(ground, scope, 'host: practice-sever')}: " in said


#: file, what stands there, what is written instead, the code, what is meant
SLIPS = {
    # the description: names of fields, at the top and below
    "steps": (UPDATE, "software_update_steps:", "software_update_step:", "unknown-field",
              "software_update_steps"),
    "checks": (UPDATE, "service_checks_list:", "service_check_list:", "unknown-field",
               "service_checks_list"),
    "way-back": (UPDATE, "software_update_way_back:", "software_update_wayback:", "unknown-field",
                 "software_update_way_back"),
    "field-of-step": (UPDATE, "    inside: [patient-records]", "    insides: [patient-records]",
                      "unknown-field", "inside"),
    "become": (UPDATE, "    become: true", "    becomes: true", "unknown-field", "become"),
    "hosts-field": (UPDATE, "    hosts: practice-server", "    host: practice-server",
                    "unknown-field", "hosts"),
    "field-of-check": (UPDATE, "    tries: 10", "    trys: 10", "unknown-field", "tries"),
    "after": (UPDATE, "    after: both", "    after: boht", "not-a-choice", "both"),
    "kind-of-check": (UPDATE, "    type: http", "    type: htpp", "not-a-choice", "http"),
    # the modules of its steps
    "module": (UPDATE, "ansible.builtin.copy", "ansible.builtin.coppy", "unknown-module",
               "Did you mean 'ansible.builtin.copy'?"),
    "module-short": (UPDATE, "ansible.builtin.copy", "cpoy", "unknown-module",
                     "Did you mean 'ansible.builtin.copy'?"),
    "module-of-nobody": (UPDATE, "ansible.builtin.copy", "acme.tools.servce", "unknown-module",
                         "Did you mean 'ansible.builtin.service'?"),
    "module-of-a-playbook": (UPDATE, "ansible.builtin.copy", "ansible.builtin.include_role",
                             "module-not-allowed", "word of a playbook"),
    "argument": (UPDATE, "      dest: /var", "      dst: /var", "bad-argument", "dest"),
    "argument-in-line": (UPDATE, "state: stopped", "stat: stopped", "bad-argument", "state"),
    "value": (UPDATE, "state: stopped", "state: stoped", "bad-argument-value", "'stopped'"),
    "boolean": (UPDATE, "update_cache: true", "update_cache: ture", "bad-argument-value", "true"),
    "mode": (UPDATE, 'mode: "0600"', "mode: rw", "bad-argument-value", "0640"),
    "mode-as-number": (UPDATE, 'mode: "0600"', "mode: 600", "bad-argument-value", '"0600"'),
    # who it is for
    "hosts": (UPDATE, "    hosts: practice-server", "    hosts: practice-sever", "no-such-host",
              "practice-server"),
    "hosts-second": (UPDATE, "    hosts: practice-server",
                     "    hosts: practice-server,practice-sever", "no-such-host",
                     "practice-server"),
    "hosts-but": (UPDATE, "    hosts: practice-server", "    hosts: clients:!practice-prnter",
                  "no-such-host", "practice-prnter"),
    "hosts-wildcard": (UPDATE, "    hosts: practice-server", "    hosts: patient-*",
                       "no-such-host", "patient-*"),
    "hosts-nobody-left": (UPDATE, "    hosts: practice-server",
                          "    hosts: practice-server:!clients", "no-such-host", "leaves no host"),
    "hosts-verifier": (UPDATE, "    hosts: practice-server", "    hosts: verifiers",
                       "no-such-host", "no change reaches"),
    "hosts-this-machine": (UPDATE, "    hosts: practice-server", "    hosts: localhost",
                           "no-such-host", "localhost"),
    "hosts-list": (UPDATE, "    hosts: practice-server", "    hosts: [practice-server]",
                   "not-text", "one text"),
    "host-of-check": (UPDATE, "    type: service\n    host: practice-server",
                      "    type: service\n    host: practice-sever", "no-such-host",
                      "practice-server"),
    "group-of-check": (UPDATE, "    type: service\n    host: practice-server",
                       "    type: service\n    host: clients", "no-such-host", "a group"),
    # what it is about
    "asset": (UPDATE, "    inside: [patient-records]", "    inside: [patient-record]",
              "unknown-asset", "patient-records"),
    "one-asset": (UPDATE, "    inside: [patient-records]", "    inside: patient-records",
                  "not-a-list", "- "),
    "undoes": (UPDATE, "    undoes: [install-package]", "    undoes: [instal-package]",
               "unknown-step", "install-package"),
    "twice": (UPDATE, "  - step: run-installer", "  - step: install-package", "step-twice",
              "install-package"),
    "check-twice": (UPDATE, "  - id: practice-answers", "  - id: practice-runs", "check-twice",
                    "practice-runs"),
    "field-twice": (UPDATE, "    become: true", "    become: true\n    become: false", "not-yaml",
                    "written twice"),
    "of-another-runbook": (UPDATE, "software_update_quiesce:", ("restore_asset_list: []\n"
                           "software_update_quiesce:"), "unknown-field", "left out"),
    # what becomes of a step
    "not-said": (UPDATE, "    inside: [patient-records]\n", "", "way-back-unknown",
                 "migrate-database (line 61)"),
    "said-twice": (UPDATE, "    inside: [patient-records]", ("    inside: [patient-records]\n"
                   "    stays: Het bestand met de wijziging blijft staan."), "way-back-unknown",
                   "contradict each other"),
    "says-nothing": (UPDATE, "    stays: Het logboek van", "    stays: ja\n    # Het logboek van",
                     "bad-way-back", "tells the client nothing"),
    "quiesce-inside": (UPDATE, "state: stopped}\n",
                       "state: stopped}\n    inside: [patient-records]\n", "bad-way-back",
                       "only quiesces"),
    # what it sends
    "script": (UPDATE, "/files/install.sh", "/files/instal.sh", "file-not-found",
               'Did you mean "{{ inventory_dir }}/changes/{{ change }}/files/install.sh"?'),
    "file": (UPDATE, "/files/update-5.1.sql", "/files/update-5.2.sql", "file-not-found",
             'Did you mean "{{ inventory_dir }}/changes/{{ change }}/files/update-5.1.sql"?'),
    "file-beside": (UPDATE, "{{ inventory_dir }}/changes/{{ change }}/files/update-5.1.sql",
                    "files/update-5.1.sql", "file-not-found",
                    'Did you mean "{{ inventory_dir }}/changes/{{ change }}/files/update-5.1.sql'),
    "folder-of-script": (UPDATE, "/files/install.sh", "/files", "not-a-file", "ordinary"),
    "open-secret": (UPDATE, "    args: {name: practice, state: stopped}",
                    "    args: {name: practice, state: stopped, password: x}", "secret-in-args",
                    "secret_args"),
    # its checks
    "no-url": (UPDATE, "    url: http://127.0.0.1:8080/health\n", "", "bad-checks", "no url"),
    "no-address": (UPDATE, "    url: http://127.0.0.1:8080/health", "    url: 127.0.0.1:8080",
                   "bad-checks", "no http or https url"),
    "no-query": (UPDATE, "    query: select count(*) from patient\n", "", "bad-checks",
                 "no query"),
    "query-writes": (UPDATE, "    query: select count(*) from patient",
                     "    query: delete from patient", "bad-checks", "more than read"),
    "no-unit": (UPDATE, "    unit: practice.service\n", "", "bad-checks", "names no unit"),
    "no-answer": (UPDATE, "    at_least: 48210\n", "", "bad-checks", "expect and at_least"),
    "relative-path": (UPDATE, "    path: /etc/practice/release", "    path: release",
                      "bad-checks", "path"),
    # settings of the inventory
    "setting": (SETTINGS, "snapshot_and_verify_store:", "snapshot_and_verify_stor:",
                "unknown-setting", "snapshot_and_verify_store"),
    "setting-prefix": (SETTINGS, "snapshot_and_verify_store:", "snapshots_and_verify_store:",
                       "unknown-setting", "snapshot_and_verify_store"),
    "setting-dash": (SETTINGS, "snapshot_and_verify_store:", "snapshot-and-verify-store:",
                     "unknown-setting", "snapshot_and_verify_store"),
    "field-of-store": (SETTINGS, "  country: NL", "  contry: NL", "unknown-field", "country"),
    "kind-of-store": (SETTINGS, "  kind: rest", "  kind: rset", "not-a-choice", "rest"),
    "address-of-store": (SETTINGS, "https://backup.example/practice", "backup.example",
                         "bad-store", "address"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_F1_a_slip_is_said_with_its_line(
    ground: Ground, slip: tuple[str, str, str, str, str]
) -> None:
    name, old, new, code, meant = slip
    before = (ground.folder / name).read_text()
    where = before[: before.find(old) + len(old)].count("\n") + 1
    ground.change_in(name, (old, new))
    said = ground.said()
    assert code in said or "badly-written" in said, said
    assert meant in said, said
    lines = {int(number) for number in re.findall(rf"{re.escape(name)}, line (\d+)", said)}
    assert any(abs(line - where) <= new.count("\n") + 9 for line in lines), (where, said)


#: file, what is added, the code, what is said
MORE = {
    "change-gate": (SETTINGS, "change_gate_hours: 999\n", "unknown-setting", "change_gate"),
    "tenant": (SETTINGS, "tenant_exports_accounts: {}\n", "unknown-setting",
               "tenant_export_accounts"),
    "tenant-ours": (SETTINGS, "tenant_old_account: {}\n", "unknown-setting", "tenant_"),
    "signoff": (SETTINGS, "client_signoff_answer: yes\n", "unknown-setting", "client_signoff"),
    "sluis": (SETTINGS, "sluis_phase: apply\n", "unknown-setting", "sluis_phase"),
    "connection-key": (SETTINGS, ("snapshot_and_verify_connections:\n  patient-records:\n"
                       "    adress: 127.0.0.1\n"), "unknown-field", "host_address"),
    "connection-port": (SETTINGS, ("snapshot_and_verify_connections:\n  patient-records:\n"
                        "    port: five\n"), "bad-setting", "port"),
    "connection-asset": (SETTINGS, ("snapshot_and_verify_connections:\n  patient-record:\n"
                         "    port: 5432\n"), "unknown-asset", "patient-records"),
    "secret-key": (SETTINGS, "snapshot_and_verify_secrets:\n  patient-records: {pasword: x}\n",
                   "unknown-field", "password"),
    "store-secret": (SETTINGS, "snapshot_and_verify_store_secrets: {repository_pasword: x}\n",
                     "unknown-field", "repository_password"),
    "adopt-key": (SETTINGS, ("snapshot_and_verify_adopt:\n  scanned-letters:\n    kind: copies\n"
                  "    machine: nas\n    site: x\n    country: NL\n    provider: y\n"
                  "    location: [/b]\n    layout: one\n"), "unknown-field", "locations"),
    "adopt-kind": (SETTINGS, ("snapshot_and_verify_adopt:\n  scanned-letters:\n    kind: copy\n"
                   "    machine: nas\n    site: x\n    country: NL\n    provider: y\n"
                   "    locations: [/b]\n    layout: one\n"), "bad-backup", "kind"),
    "adopt-less": (SETTINGS, "snapshot_and_verify_adopt:\n  scanned-letters:\n    kind: copies\n",
                   "bad-backup", "machine"),
    "account-key": (SETTINGS, "tenant_export_accounts:\n  old: {tenant_id: a, client: b}\n",
                    "unknown-field", "client_id"),
    "server-key": (SETTINGS, "tenant_export_servers:\n  old: {adress: a, user: b}\n",
                   "unknown-field", "address"),
    "identity-key": (SETTINGS, "snapshot_and_verify_expected_identity: {machineid: x}\n",
                     "unknown-field", "machine_id"),
    "patience": (SETTINGS, "snapshot_and_verify_patience: long\n", "not-a-number", "patience"),
    "raised-rights": (SETTINGS, "snapshot_and_verify_become: sometimes\n", "not-a-boolean",
                      "become"),
    "host-vars": ("host_vars/practice-server.yml", "snapshot_and_verify_workdri: /var/tmp\n",
                  "unknown-setting", "snapshot_and_verify_workdir"),
    "host-vars-folder": ("host_vars/practice-server/main.yml",
                         "snapshot_and_verify_workdri: /var/tmp\n", "unknown-setting",
                         "snapshot_and_verify_workdir"),
    "host-vars-of-nobody": ("host_vars/practice-sever.yml", "x: 1\n", "no-such-host",
                            "practice-server"),
    "group-vars-of-nobody": ("group_vars/client.yml", "x: 1\n", "no-such-host", "clients"),
    "secret-of-no-check": (UPDATE, "service_checks_secrets:\n  all-patient: {password: x}\n",
                           "unknown-check", "all-patients"),
    "waiver-field": (WAIVER, "acepts: V5\n", "bad-waiver", "accepts"),
    "waiver-asset": (f"changes/{CHANGE}/waivers/scanned-leters.yml", "x: 1\n",
                     "waiver-unknown-asset", "scanned-letters"),
    "waiver-ending": (f"changes/{CHANGE}/waivers/scanned-letters.yaml", "x: 1\n", "bad-waiver",
                      ".yml"),
}  # fmt: skip


@pytest.mark.parametrize("slip", MORE.values(), ids=MORE.keys())
def test_F1_a_wrong_line_is_named(ground: Ground, slip: tuple[str, str, str, str]) -> None:
    name, text, code, meant = slip
    if name == WAIVER:
        ground.waiver()
    ground.add(name, text)
    said = ground.said()
    assert code in said or "badly-written" in said, said
    assert meant in said, said
    assert f"{CLIENT}/{name}" in said, said


def test_F1_a_variable_in_the_list_of_hosts_is_read_as_well(ground: Ground) -> None:
    ground.change_in(
        INVENTORY,
        (
            "ansible_host: 192.0.2.10",
            "ansible_host: 192.0.2.10\n          snapshot_and_verify_becom: true",
        ),
    )
    said = ground.said()
    line = line_of(ground, INVENTORY, "snapshot_and_verify_becom:")
    assert f"{INVENTORY}, line {line}" in said
    assert "Did you mean 'snapshot_and_verify_become'?" in said


MISSPELT = {
    "ansible_hots": "ansible_host",
    "ansible_prot": "ansible_port",
    "ansible_usr": "ansible_user",
    "ansible-user": "ansible_user",
    "ansibel_host": "ansible_host",
    "ansible_become_pasword": "ansible_become_password",
    "ansible_ssh_comon_args": "ansible_ssh_common_args",
    "ansible_pyhton_interpreter": "ansible_python_interpreter",
}


@pytest.mark.parametrize("name", [INVENTORY, SETTINGS, "host_vars/practice-server.yml"])
def test_F1_a_misspelt_connection_variable_is_said_with_what_was_meant(
    ground: Ground, name: str
) -> None:
    if name == INVENTORY:
        lines = "".join(f"\n          {wrong}: x" for wrong in MISSPELT)
        ground.change_in(name, ("ansible_host: 192.0.2.10", f"ansible_host: 192.0.2.10{lines}"))
    else:
        ground.add(name, "".join(f"{wrong}: x\n" for wrong in MISSPELT))
    said = ground.said()
    for wrong, right in MISSPELT.items():
        about = f"{name}, line {line_of(ground, name, wrong)}: {wrong!r}"
        assert about in said, said
        assert f"Did you mean {right!r}?" in said.partition(about)[2].splitlines()[0]


def test_F1_every_variable_of_ansibles_is_left_alone(ground: Ground) -> None:
    for name in sorted(connection_variables()):
        ground.add(SETTINGS, f"{name}: x\n")
    # facts, and a variable of one's own
    for name in ("ansible_user_id", "ansible_hostname", "ansible_distribution", "ansible_local",
                 "ansible_date_time", "host", "user", "port"):  # fmt: skip
        ground.add(SETTINGS, f"{name}: x\n")
    ground.read()


def _without_steps(text: str) -> str:
    return re.sub(r"(?ms)^software_update_steps:.*?^(?=\S)", "", text)


NOTHING: dict[str, tuple[Callable[[str], str], str]] = {
    "no step": (_without_steps, "no-step"),
    "an empty list of steps": (
        lambda text: re.sub(
            r"(?ms)^software_update_steps:.*?^(?=\S)", "software_update_steps: []\n", text
        ),
        "no-step",
    ),
    "no check": (lambda text: re.sub(r"(?ms)^service_checks_list:.*", "", text), "no-check"),
    "no check after the change": (
        lambda text: re.sub(r"(?m)^    what: ", "    after: way_back\n    what: ",
                            re.sub(r"(?m)^    after: \w+\n", "", text)),
        "no-check",
    ),
    "nothing at all": (lambda _: "---\n{}\n", "no-step"),
    "an empty file": (lambda _: "", "not-a-group"),
    "a list": (lambda _: "- step: a\n", "not-a-group"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOTHING.values(), ids=NOTHING.keys())
def test_F1_a_change_without_a_step_or_a_check_is_refused(
    ground: Ground, case: tuple[Callable[[str], str], str]
) -> None:
    make, code = case
    path = ground.folder / UPDATE
    path.write_text(make(path.read_text()))
    said = ground.said()
    assert code in said or "No check" in said or "no step" in said, said


RESTORES = {
    "asset": ("asset: scanned-letters", "asset: scaned-letters", "scanned-letters"),
    "field": ("from_change: CHG-0", "fromchange: CHG-0", "from_change"),
    "list": ("restore_asset_list:", "restore_assets_list:", "restore_asset_list"),
    "host": ("host: practice-server", "host: practice-serve", "practice-server"),
    "way-back": ("service_checks_list:", "software_update_way_back: []\nservice_checks_list:",
                 "left out"),
    "never": ("    type: file", "    after: way_back\n    type: file", "never be made"),
}  # fmt: skip


@pytest.mark.parametrize("slip", RESTORES.values(), ids=RESTORES.keys())
def test_F1_a_restore_is_read_as_strictly(ground: Ground, slip: tuple[str, str, str]) -> None:
    old, new, meant = slip
    ground.add(f"changes/{CHANGE}/restore.yml", RESTORE.replace(old, new, 1))
    ground.without_way_back()
    assert meant in ground.said("restore.yml")


def test_F1_everything_is_said_at_once(ground: Ground) -> None:
    ground.change_in(UPDATE, ("    hosts: practice-server", "    hosts: nobody"))
    ground.change_in(SETTINGS, ("  country: NL", "  contry: NL"))
    ground.waiver()
    ground.add(WAIVER, "acepts: V5\n")
    said = ground.said()
    assert "badly-written" in said
    for name in (UPDATE, SETTINGS, WAIVER):
        assert f"{CLIENT}/{name}, line " in said, said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (SETTINGS, "practice_version: 5.1\nrestore_point: x\nservice_name: practice\n"),
        (SETTINGS, 'snapshot_and_verify_workdir: "{{ ansible_remote_tmp }}"\n'),
        (SETTINGS, 'snapshot_and_verify_adopt: "{{ all_backups }}"\n'),
        ("host_vars/an-old-server.yml", "x: 1\n"),
        ("host_vars/an-old-server.yml", "ansible_host: 192.0.2.99\nx: 1\n"),
        ("host_vars/an-old-server.yml", "{}\n"),
        ("host_vars/an-old-server/notes", "what: [is not\n"),
        ("group_vars/all.yml.bak", "snapshot_and_verify_patience: 5\n"),
        ("group_vars/clients/picture.png", "\0"),
        (f"changes/{CHANGE}/files2/x", "x"),
        (SETTINGS, ("snapshot_and_verify_store_secrets:\n  repository_password: !vault |\n"
         "    $ANSIBLE_VAULT;1.1;AES256\n    6162\n")),
        (SETTINGS, "x: &one {a: 1}\ny: {<<: *one, b: 2}\n"),
    ],
)  # fmt: skip
def test_F1_what_is_none_of_ours_or_is_filled_in_later_is_left_alone(
    ground: Ground, name: str, text: str
) -> None:
    ground.add(name, text)
    ground.read()


def test_F1_a_description_that_is_filled_in_later_is_looked_at_when_it_is(ground: Ground) -> None:
    ground.change_in(UPDATE, ("    hosts: practice-server", '    hosts: "{{ the_server }}"'))
    ground.read()


@pytest.mark.parametrize(
    ("old", "new", "what", "meant"),
    [
        ("verifiers:\n      hosts:", "verifiers:\n      hsots:", "'hsots'", "'hosts'"),
        ("verifiers:\n      hosts:", "verifiers:\n      host:", "'host'", "'hosts'"),
        ("verifiers:\n", "Verifiers:\n", "'Verifiers'", "'verifiers'"),
        ("verifiers:\n", "verifier:\n", "'verifier'", "'verifiers'"),
        ("verifiers:\n", "export_worker:\n", "'export_worker'", "'export_workers'"),
    ],
    ids=["hsots", "host", "capital", "one", "worker"],
)
def test_F1_a_slip_in_the_list_of_hosts_moves_no_work_to_this_machine(
    ground: Ground, old: str, new: str, what: str, meant: str
) -> None:
    ground.change_in(INVENTORY, (old, new))
    said = ground.said()
    assert what in said
    assert f"Did you mean {meant}" in said


def test_F1_a_group_of_ours_with_nobody_in_it_is_said(ground: Ground) -> None:
    ground.add(INVENTORY, "    export_workers:\n      hosts:\n")
    said = ground.said()
    assert "'export_workers', and nobody is in it" in said
    assert said.count("verifiers") == 0


SLIPS = """\
clients:
  var:
    snapshot_and_verify_become: true
  hosts: {practice-server: }
"""


@pytest.mark.parametrize(
    "name",
    ["extra", "extra.yml", "extra.yaml", "more/extra", "more/deep/extra.yml", "hosts.d/x.yml"],
)
def test_A1_each_file_that_ansible_reads_hosts_from_is_read_strictly(
    ground: Ground, name: str
) -> None:
    ground.add(name, SLIPS)
    said = ground.said()
    assert f"unknown-field: inventories/{CLIENT}/{name}, line 2: the group clients" in said
    assert "Did you mean 'vars'" in said
    if "." not in name:
        (ground.folder / name).write_text("[clients]\npractice-server\n")
        ground.read()


def test_A1_the_list_of_hosts_itself_may_have_no_ending(ground: Ground) -> None:
    ground.change_in(INVENTORY, ("clients:\n      hosts:\n", "clients:\n      host:\n"))
    (ground.folder / INVENTORY).rename(ground.folder / "hosts")
    assert "Did you mean 'hosts'" in ground.said()


@pytest.mark.parametrize(
    "name", ["extra.YML", "more/notes.pdf", "extra.yml.example", "more.d/x.conf"]
)
def test_A1_what_ansible_would_guess_to_be_a_list_is_refused(ground: Ground, name: str) -> None:
    ground.add(name, "[clients]\npractice-server\n")
    said = ground.said()
    assert f"no-list-of-hosts: inventories/{CLIENT}/{name}" in said
    assert "no list of hosts ends in" in said


@pytest.mark.parametrize("name", ["extra.orig", "extra.yml~", ".extra", "extra.txt", "more/x.bak"])
def test_A1_what_ansible_passes_over_is_passed_over(ground: Ground, name: str) -> None:
    ground.add(name, SLIPS)
    if "/" in name:
        ground.add("more/hosts.ini", "[clients]\npractice-server\n")
    ground.read()


def test_A1_a_folder_of_variables_where_nobody_reads_it_is_said(ground: Ground) -> None:
    ground.add("more/hosts.ini", "[clients]\npractice-server\n")
    ground.add("more/group_vars/clients.yml", "ansible_port: 2222\n")
    said = ground.said()
    assert f"not-read: inventories/{CLIENT}/more/group_vars: Nobody would read it" in said
    assert f"Move what is in it to inventories/{CLIENT}/group_vars" in said


def test_A1_folders_that_lead_to_each_other_are_read_once(ground: Ground) -> None:
    ground.add("more/extra.yml", SLIPS)
    (ground.folder / "more" / "again").symlink_to("..")
    assert ground.said().count("more/extra.yml, line 2") == 1


@pytest.mark.parametrize("word", ["vars", "hosts", "children"])
def test_A10_what_belongs_to_a_group_is_said_where_it_stands_under_a_host(
    ground: Ground, word: str
) -> None:
    ground.change_in(
        INVENTORY,
        ("          ansible_host: 192.0.2.10\n",
         f"          {word}:\n            ansible_port: 2222\n"),
    )  # fmt: skip
    said = ground.said()
    line = line_of(ground, INVENTORY, "ansible_port: 2222") - 1
    assert f"misplaced-field: inventories/{CLIENT}/{INVENTORY}, line {line}" in said
    assert f"the host practice-server has a field '{word}'" in said


@pytest.mark.parametrize("where", ["hosts", "children"])
def test_A10_a_word_for_a_field_is_no_name(ground: Ground, where: str) -> None:
    ground.add("extra.yml", f"printers:\n  {where}:\n    vars: {{}}\n")
    said = ground.said()
    assert "extra.yml, line 3: 'vars' stands there as the name of a" in said


def test_A10_a_group_that_stands_as_a_host_is_said(ground: Ground) -> None:
    ground.add("extra.yml", "printers:\n  hosts:\n    clients:\n")
    said = ground.said()
    assert f"host-and-group: inventories/{CLIENT}/extra.yml, line 3: 'clients' is a group" in said
    assert "Did you mean 'children:'?" in said
    (ground.folder / "extra.yml").unlink()
    ground.add("extra.ini", "[printers]\nclients\n")
    assert "'clients' is a group, and stands there as a host" in ground.said()


def test_F1_a_list_of_hosts_where_fields_belong_is_said_with_its_line(ground: Ground) -> None:
    ground.add(INVENTORY, "    printers:\n      hosts: {}\n      children:\n        old: [a, b]\n")
    said = ground.said()
    assert f"line {line_of(ground, INVENTORY, 'old: [a')}: the group old is not a group" in said


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("group_var/all.yml", "group_vars"),
        ("hostvars/practice-server.yml", "host_vars"),
        (f"changes/{CHANGE}/waiver/scanned-letters.yml", "waivers"),
        (f"changes/{CHANGE}/document/terms.pdf", "documents"),
    ],
    ids=["groups", "hosts", "waivers", "documents"],
)
def test_F1_what_nobody_would_read_is_said(ground: Ground, name: str, meant: str) -> None:
    ground.add(name, "x: 1\n")
    if (ground.folder / "group_vars").exists() and meant == "group_vars":
        shutil.rmtree(ground.folder / "group_vars")
    if meant == "waivers":
        shutil.rmtree(ground.folder / f"changes/{CHANGE}/waivers")
    assert f"Did you mean {meant!r}" in ground.said()


@pytest.mark.parametrize("name", ["update.yaml", "scope.yaml", "restore.yaml", "Update.yml"])
def test_a_second_spelling_beside_a_file_of_the_change_is_refused(
    ground: Ground, name: str
) -> None:
    """Ansible takes either ending, so an engineer may count on what stands in the other one."""
    right = f"{Path(name.lower()).stem}.yml"
    ground.read()
    ground.add(f"changes/{CHANGE}/{name}", "x: 1\n")
    if not (ground.folder / f"changes/{CHANGE}/{right}").exists():
        assert f"Did you mean {right!r}" in ground.said()  # nothing is there that is read instead
        ground.add(f"changes/{CHANGE}/{right}", "x: 1\n")
    said = ground.said()
    assert f"changes/{CHANGE}/{name}" in said
    assert f"{right!r} is read, and it is there as well" in said


def test_a_second_list_of_hosts_is_read_and_left_alone(ground: Ground) -> None:
    ground.add("hosts.yaml", "all:\n  hosts:\n    practice-server:\n")
    ground.read()


def test_a_waiver_with_another_ending_is_told_its_name(ground: Ground) -> None:
    ground.waiver()
    (ground.folder / WAIVER).rename(ground.folder / WAIVER.replace(".yml", ".yaml"))
    assert "Call it 'scanned-letters.yml'" in ground.said()


OURS_AT_NOBODY = {
    "only-how-to-reach-it": ("host_vars/an-old-server.yml",
                             "# it was replaced\nansible_host: 192.0.2.99\nansible_user: x\n",
                             "line 2: Nobody would read 'ansible_host' here"),
    "only-of-a-group": ("group_vars/databases.yml", "ansible_become: true\n", "no 'databases'"),
    "no-group": ("group_vars/servers.yml", "snapshot_and_verify_patience: 5\n", "'servers'"),
    "no-group-like-it": ("group_vars/databases.yml", "x: 1\nchange_gate_typo: 1\n", "line 2"),
    "folder": ("group_vars/db/main.yml", "snapshot_and_verify_become: true\n", "no 'db'"),
    "address": ("host_vars/192.0.2.10.yml", "snapshot-and-verify-become: true\n",
                "Did you mean 'practice-server'"),
    "host": ("host_vars/server.yml", "snapshot_and_verify_become: true\n",
             "Did you mean 'practice-server'"),
    "group-of-hosts": ("host_vars/all.yml", "snapshot_and_verify_become: true\n", "no 'all'"),
    "host-of-groups": ("group_vars/localhost.yml", "sluis_x: true\n", "no 'localhost'"),
    "ending": ("group_vars/clients.ymll", "x: 1\n", "Did you mean 'clients.yml'"),
    "ending-inside": ("group_vars/clients/main.ymll", "snapshot_and_verify_patience: 5\n",
                      "end in .yml"),
}  # fmt: skip


@pytest.mark.parametrize("slip", OURS_AT_NOBODY.values(), ids=OURS_AT_NOBODY.keys())
def test_F1_a_setting_in_a_file_that_nobody_reads_is_said(
    ground: Ground, slip: tuple[str, str, str]
) -> None:
    name, text, meant = slip
    ground.add(name, text)
    said = ground.said()
    assert f"{CLIENT}/{name}" in said
    assert meant in said


BESIDE = {
    "folder": ("group_vars/clients/main.yml", "group_vars/clients.yml"),
    "empty-folder": ("group_vars/clients/.keep", "group_vars/clients.yml"),
    "of-a-host": ("host_vars/practice-server/main.yml", "host_vars/practice-server.yaml"),
    "no-ending": ("group_vars/clients", "group_vars/clients.yml"),
    "another-ending": ("host_vars/practice-server.yml", "host_vars/practice-server.yaml"),
    "json": ("group_vars/clients.yaml", "group_vars/clients.json"),
    "folder-with-an-ending": ("group_vars/clients/main.yml", "group_vars/clients.yml/main.yml"),
}


@pytest.mark.parametrize("names", BESIDE.values(), ids=BESIDE.keys())
def test_newcomer_of_two_files_for_one_name_Ansible_reads_one_and_the_other_is_said(
    ground: Ground, names: tuple[str, str]
) -> None:
    read, other = names
    ground.add(read, "x: 1\n")
    ground.read()
    ground.add(other, '{"y": 2}\n')
    folder, name = ground.folder / other.split("/")[0], Path(other.split("/")[1]).stem
    found = [Path(one) for one in DataLoader().find_vars_files(str(folder), name)]
    assert ground.folder / other not in found, "Ansible itself does not read it"
    assert [one.relative_to(ground.folder) for one in found] == (
        [] if read.endswith(".keep") else [Path(read)]
    )
    said = ground.said()
    top = "/".join(other.split("/")[:2])
    assert f"not-read: inventories/{CLIENT}/{top}: Nobody would read it" in said
    command = said.partition("Move it into that folder: ")[2]
    assert bool(command) is ((folder / name).is_dir() and (ground.folder / other).parent == folder)
    if command:  # what is pasted mends it
        subprocess.run(shlex.split(command), cwd=ground.places.root, check=True)
        ground.read()
        assert len(DataLoader().find_vars_files(str(folder), name)) == 1 + (len(found))


def test_newcomer_a_folder_with_a_dot_in_its_name_is_read_by_nobody(ground: Ground) -> None:
    ground.add("group_vars/clients/main.yml", "x: 1\n")
    ground.add("group_vars/clients/site.d/main.yml", "x: 1\n")
    ground.read()
    ground.add("group_vars/clients/site.d/main.yml", "snapshot_and_verify_patience: 5\n")
    found = DataLoader().find_vars_files(str(ground.folder / "group_vars"), "clients")
    assert [Path(one).parent.name for one in found] == ["clients"]
    said = ground.said()
    assert "site.d/main.yml, line 2: Nobody would read 'snapshot_and_verify_patience'" in said
    assert "a folder without a dot in its name" in said


def test_newcomer_an_encrypted_file_that_nobody_reads_is_said(ground: Ground) -> None:
    ground.add("group_vars/clients/main.yml", "x: 1\n")
    ground.add("group_vars/clients/secrets.vault", "$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    said = ground.said()
    assert "clients/secrets.vault: Nobody would read it: Ansible reads no file that ends" in said


def test_F1_a_setting_of_a_group_with_nobody_in_it_is_said(ground: Ground) -> None:
    ground.add(INVENTORY, "    databases:\n      hosts: {}\n")
    ground.add("group_vars/databases.yml", "x: 1\n")
    ground.read()
    ground.add("group_vars/databases.yml", "snapshot_and_verify_patience: 5\n")
    assert "nobody is in the group 'databases'" in ground.said()


@pytest.mark.parametrize("name", ["groupvars", "group-vars", "host_var", "Group_vars"])
def test_F1_a_folder_beside_the_right_one_is_said(ground: Ground, name: str) -> None:
    ground.add("host_vars/practice-server.yml", "x: 1\n")
    ground.read()
    ground.add(f"{name}/all.yml", "x: 1\n")
    meant = "host_vars" if name.startswith("host") else "group_vars"
    said = ground.said()
    assert f"{CLIENT}/{name}" in said
    assert f"Did you mean {meant!r}" in said


def test_F1_waivers_beside_the_waivers_are_said(ground: Ground) -> None:
    ground.waiver()
    ground.add(f"changes/{CHANGE}/waiver/patient-records.yml", "x: 1\n")
    assert "Did you mean 'waivers'" in ground.said()


@pytest.mark.parametrize("key", ["patientdb", "quite-another"])
def test_F1_a_setting_for_an_asset_of_no_scope_is_said(ground: Ground, key: str) -> None:
    ground.add(SETTINGS, f"snapshot_and_verify_connections:\n  {key}: {{port: 1}}\n")
    said = ground.said()
    assert f"line {line_of(ground, SETTINGS, key)}:" in said
    assert f"{key!r}, and no scope.yml of this client" in said
    scope = (ground.folder / f"changes/{CHANGE}/scope.yml").read_text()
    ground.add("changes/CHG-2/scope.yml", scope.replace("id: patient-records", f"id: {key}"))
    ground.read()


def test_F1_a_scope_that_cannot_be_read_accuses_no_setting(ground: Ground) -> None:
    """Another change of the client may be half written: nobody can tell what it will name."""
    ground.add(SETTINGS, "snapshot_and_verify_connections:\n  another: {port: 1}\n")
    ground.add("changes/CHG-2/scope.yml", "assets: [\n")
    ground.read()


@pytest.mark.parametrize("name", ["verifier-hosts", "the_verifiers", "export-worker-hosts"])
def test_F1_a_group_that_has_the_words_of_ours_is_said(ground: Ground, name: str) -> None:
    ground.change_in(INVENTORY, ("verifiers:\n", f"{name}:\n"))
    meant = "export_workers" if name.startswith("export") else "verifiers"
    assert f"Did you mean {meant!r}" in ground.said()


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/srv/practice/letters", "there"), ("/srv/practice/letters/", "there"),
        ("/srv//practice/./letters", "there"), ("/srv/practice", "in it"), ("/", "in it"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("playbook", ["restore.yml", "update.yml"])
def test_N40_a_check_of_a_file_that_names_the_folder_of_an_asset_is_refused(
    ground: Ground, path: str, where: str, playbook: str
) -> None:
    """It was signed, the data was swapped in, and then the restore had failed."""
    if playbook == "restore.yml":
        ground.without_way_back()
        (ground.folder / UPDATE).unlink()
        ground.add(
            f"changes/{CHANGE}/restore.yml",
            RESTORE.replace("/srv/practice/letters/2026/0001.pdf", path),
        )
    else:
        ground.change_in(UPDATE, ("    path: /etc/practice/release\n", f"    path: {path}\n"))
    with pytest.raises(WrittenError) as caught:
        read_what_was_written(ground.places, CLIENT, CHANGE, playbook, DataLoader())
    (fault,) = caught.value.faults
    assert (fault.code, Path(fault.file).name) == ("bad-checks", playbook)
    assert fault.line > 1
    assert f"is a folder: the asset scanned-letters is {where}." in fault.what
    assert "path: /srv/practice/letters/FILE" in fault.remedy


@pytest.mark.parametrize("path", ["/srv/practice/letters-2", "/srv/practice/letters/a", "/srv/pr"])
def test_N40_a_file_beside_or_in_the_folder_of_an_asset_is_none(ground: Ground, path: str) -> None:
    ground.change_in(UPDATE, ("    path: /etc/practice/release\n", f"    path: {path}\n"))
    read_what_was_written(ground.places, CLIENT, CHANGE, "update.yml", DataLoader())


def test_F1_a_group_within_ours_may_have_a_name_like_it(ground: Ground) -> None:
    ground.add(
        INVENTORY, "      children:\n        verifiers-north:\n          hosts: {verifier: }\n"
    )
    ground.read()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("at_least: 48210", "at_least: 48.210", "whole number"),
        ("at_least: 48210", "at_least: 0", "always so"),
        ("at_least: 48210", "at_least: -5", "always so"),
    ],
    ids=["thousands", "none", "less"],
)
def test_F1_a_check_that_nothing_could_fail_is_refused(
    ground: Ground, old: str, new: str, why: str
) -> None:
    ground.change_in(UPDATE, (old, new))
    said = ground.said()
    assert why in said
    assert f"line {line_of(ground, UPDATE, new)}:" in said
