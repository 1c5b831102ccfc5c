"""One playbook of this project, and options from a closed list (L5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible import context
from ansible.cli.playbook import PlaybookCLI
from ansible.utils.context_objects import CLIArgs

from sluis.places import Places
from sluis.runbook.command_line import (
    command_line_reasons,
    leaves_tasks_out,
    only_looks,
    playbook_name,
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    root = tmp_path / "project"
    for name in ("playbooks/update.yml", "playbooks/restore.yml", "playbooks/deep/update.yml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("[]\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/update.yml").write_text("[]\n")
    (root / "playbooks/linked.yml").symlink_to("update.yml")
    (root / "playbooks/leads_out.yml").symlink_to(tmp_path / "elsewhere/update.yml")
    (tmp_path / "elsewhere/to_ours").symlink_to(root / "playbooks")
    monkeypatch.chdir(root)
    return Places(root)


def started(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """The command line as Ansible itself reads it."""
    cli = PlaybookCLI(["ansible-playbook", *words])
    cli.init_parser()
    options: Any = cli.post_process_args(cli.parser.parse_args(list(words)))
    monkeypatch.setattr(context, "CLIARGS", CLIArgs(vars(options)))


def codes(monkeypatch: pytest.MonkeyPatch, project: Places, *words: str) -> dict[str, str]:
    started(monkeypatch, *words)
    return {item.about: item.code for item in command_line_reasons(project, {})}


ORDINARY = ("-i", "inventories/x", "playbooks/update.yml", "-e", "change=CHG-1")


def test_the_ordinary_call_has_nothing_against_it(
    project: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert codes(monkeypatch, project, *ORDINARY) == {}
    assert playbook_name() == "update.yml"
    more = (
        "-vvv",
        "--forks",
        "3",
        "--check",
        "--vault-password-file",
        "/x",
        "--vault-id",
        "a@b",
    )
    assert codes(monkeypatch, project, *ORDINARY, *more, "--ask-become-pass") == {}
    assert codes(monkeypatch, project, str(project.root / "playbooks/update.yml")) == {}
    assert not only_looks()


@pytest.mark.parametrize(
    "named",
    [
        ("../elsewhere/update.yml", "playbooks/update.yml"),
        ("playbooks/update.yml", "../elsewhere/update.yml"),
        ("playbooks/update.yml", "playbooks/restore.yml"),
        ("playbooks/update.yml", "playbooks/update.yml"),
        ("playbooks/update.yml", "some.collection.playbook"),
    ],
)
def test_L5_a_second_playbook_is_refused(
    project: Places, monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...]
) -> None:
    assert set(codes(monkeypatch, project, *named).values()) == {"not-one-playbook"}
    assert playbook_name() == ""


@pytest.mark.parametrize(
    "named",
    [
        "../elsewhere/update.yml",
        "playbooks/../../elsewhere/update.yml",
        "../elsewhere/to_ours/../update.yml",
        "playbooks/linked.yml",
        "playbooks/leads_out.yml",
        "playbooks/deep/update.yml",
        "some.collection.update",
        "update.yml",
    ],
)
def test_L5_a_playbook_from_elsewhere_is_refused(
    project: Places, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    assert codes(monkeypatch, project, named) == {named: "foreign-playbook"}


def test_L5_a_linked_folder_of_playbooks_is_refused(
    project: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "playbooks").rename(tmp_path / "elsewhere/playbooks")
    (project.root / "playbooks").symlink_to(tmp_path / "elsewhere/playbooks")
    assert set(codes(monkeypatch, project, "playbooks/update.yml").values()) == {"foreign-playbook"}


@pytest.mark.parametrize(
    ("option", "about"),
    [
        (("--module-path", "/tmp"), "--module-path"),
        (("-M", "/tmp"), "--module-path"),
        (("--private-key", "/tmp/k"), "--private-key"),
        (("--user", "root"), "--user"),
        (("--connection", "local"), "--connection"),
        (("--timeout", "1"), "--timeout"),
        (("--ssh-common-args=-J x",), "--ssh-common-args"),
        (("--ssh-extra-args=-J x",), "--ssh-extra-args"),
        (("--sftp-extra-args=-J x",), "--sftp-extra-args"),
        (("--scp-extra-args=-J x",), "--scp-extra-args"),
        (("--become",), "--become"),
        (("--become-user", "x"), "--become-user"),
        (("--become-method", "su"), "--become-method"),
        (("--flush-cache",), "--flush-cache"),
        (("--force-handlers",), "--force-handlers"),
        (("--start-at-task", "x"), "--start-at-task"),
        (("--step",), "--step"),
        (("--tags", "x"), "--tags"),
        (("--tags", "all,x"), "--tags"),
        (("--skip-tags", "x"), "--skip-tags"),
        (("--limit", "x"), "--limit"),
        (("--diff",), "--diff"),
        (("-D",), "--diff"),
        (("--check", "--diff"), "--diff"),
    ],
)
def test_L5_options_are_a_closed_list(
    project: Places, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...], about: str
) -> None:
    assert codes(monkeypatch, project, *ORDINARY, *option) == {about: "option-not-allowed"}


def test_L5_an_option_that_nobody_knows_yet_is_refused(
    project: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(monkeypatch, *ORDINARY)
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({**context.CLIARGS, "new_thing": "x"}))
    assert [item.about for item in command_line_reasons(project, {})] == ["--new-thing"]


def test_extra_vars_are_two(project: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    started(monkeypatch, *ORDINARY)
    found = command_line_reasons(project, {"change": "1", "phase": "all", "ansible_host": "x"})
    assert [(item.code, item.about) for item in found] == [
        ("extra-var-not-allowed", "ansible_host")
    ]


@pytest.mark.parametrize(
    "option", ["--syntax-check", "--list-hosts", "--list-tasks", "--list-tags"]
)
def test_what_only_looks_is_known(
    project: Places, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    started(monkeypatch, *ORDINARY, option)
    assert only_looks()


@pytest.mark.parametrize(
    "words", [("--tags", "x"), ("--skip-tags", "always"), ("--start-at-task", "nope")]
)
def test_an_option_that_could_leave_out_every_task_is_known(
    project: Places, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    started(monkeypatch, *ORDINARY)
    assert not leaves_tasks_out()
    started(monkeypatch, *ORDINARY, *words)
    assert leaves_tasks_out()
