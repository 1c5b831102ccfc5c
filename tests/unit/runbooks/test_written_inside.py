"""A step that is said to stay in some assets and writes elsewhere is said before prepare (0239)."""

from __future__ import annotations

import pytest

from unit.runbooks.test_written import SETTINGS, UPDATE, Ground, ground, line_of

__all__ = ["ground"]

SCOPE = UPDATE.replace("update.yml", "scope.yml")
LETTERS = "/srv/practice/letters"
DEST = "      dest: /var/lib/practice/update-5.1.sql\n"
STAYS = "    stays: Het bestand met de wijziging blijft op de server staan. Uit zichzelf doet het"
INSIDE = "    inside: [scanned-letters]"


def _stays_in_the_letters(ground: Ground, dest: str, *, more: str = "", where: str = "") -> None:
    """The step that delivers a file is said to change nothing but the letters."""
    ground.change_in(
        UPDATE,
        (DEST, dest),
        (f"{STAYS} niets.", f"{more}{where or INSIDE}"),
    )


def test_F6_a_path_beside_the_assets_is_said_with_its_line(ground: Ground) -> None:
    _stays_in_the_letters(ground, DEST)
    said = ground.said()
    assert said.startswith("not-inside: ")
    assert f"{UPDATE}, line {line_of(ground, UPDATE, DEST.strip())}: deliver-migration on " in said
    assert "it writes '/var/lib/practice/update-5.1.sql'" in said
    assert said.count("deliver-migration") == 1


@pytest.mark.parametrize(
    "path",
    [
        f"{LETTERS}/update.sql",
        f"{LETTERS}/{{{{ change }}}}/update.sql",
        "{{ the_folder_of_the_letters }}/update.sql",
    ],
    ids=["in the asset", "with the change", "prepare fills it in"],
)
def test_F6_what_lies_there_or_is_filled_in_later_is_no_fault(ground: Ground, path: str) -> None:
    _stays_in_the_letters(ground, f'      dest: "{path}"\n')
    ground.add(SETTINGS, f"the_folder_of_the_letters: {LETTERS}\n")
    ground.read()


def test_F6_a_path_that_is_known_beforehand_is_filled_in(ground: Ground) -> None:
    _stays_in_the_letters(ground, '      dest: "/srv/{{ change }}/update.sql"\n')
    assert "it writes '/srv/CHG-1/update.sql'" in ground.said()


def test_F6_a_place_that_is_known_only_at_apply_is_said(ground: Ground) -> None:
    later = (
        "    args_at_apply: {dest: \"{{ software_update_results['install-package'].cache }}\"}\n"
    )
    _stays_in_the_letters(ground, "", more=later)
    said = ground.said()
    assert "not-inside" in said
    assert "its dest is known only when it runs" in said
    assert f"line {line_of(ground, UPDATE, 'args_at_apply: {dest')}:" in said


def test_F6_a_module_that_changes_the_machine_is_said(ground: Ground) -> None:
    start = "    args: {name: practice, state: started}\n    become: true\n"
    ground.change_in(UPDATE, (start, f"{start}    inside: [patient-records]\n"))
    ground.change_in(UPDATE, ("undoes: [stop-practice, start-practice]", "undoes: [stop-practice]"))
    said = ground.said()
    assert "start-practice on practice-server" in said
    assert "ansible.builtin.systemd_service is none of the modules of which it is certain" in said


def test_F6_a_slip_in_the_name_of_an_asset_is_said_once(ground: Ground) -> None:
    _stays_in_the_letters(ground, DEST, where="    inside: [scanned-leters]")
    said = ground.said()
    assert "the scope has no such asset" in said
    assert "not-inside" not in said


def test_F6_a_slip_in_the_host_of_an_asset_is_said_once(ground: Ground) -> None:
    """Whether the step stays in it can be told when it is known where the asset lies."""
    _stays_in_the_letters(ground, f"      dest: {LETTERS}/update.sql\n")
    ground.change_in(SCOPE, ("    host: practice-server", "    host: practice-sever"))
    ground.change_in(SCOPE, ("    host: practice-server", "    host: practice-sever"))
    said = ground.said()
    assert said.count("'practice-sever' is not in the inventory") == 2
    assert "is said to change only" not in said


def test_F6_a_slip_in_the_module_or_in_the_hosts_is_said_once(ground: Ground) -> None:
    _stays_in_the_letters(ground, DEST)
    ground.change_in(UPDATE, ("module: ansible.builtin.copy", "module: ansible.builtin.copi"))
    assert "not-inside" not in ground.said()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("      force: false\n", None),
        ("      validate: cat %s\n", "its argument 'validate' is none of those"),
        ('      backup: "{{ the_backup }}"\n', None),
        ("      valdate: cat %s\n", None),
    ],
    ids=["harmless", "a program", "prepare fills it in", "a slip, and said"],
)
def test_A6_an_argument_of_which_it_is_not_certain_what_it_does_is_said_with_its_line(
    ground: Ground, args: str, says: str | None
) -> None:
    _stays_in_the_letters(ground, f"      dest: {LETTERS}/update.sql\n{args}")
    ground.add(SETTINGS, "the_backup: true\n")
    if says is not None:
        said = ground.said()
        assert says in said
        assert f"line {line_of(ground, UPDATE, 'validate: cat')}:" in said
    elif "valdate" in args:
        assert "not-inside" not in ground.said()
    else:
        ground.read()
