from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.cli.environment import KEPT, ansible_settings, environment
from sluis.cli.private import PrivateFolder
from sluis.cli.runner import EXTRA_VARS
from sluis.errors import InputError
from sluis.places import Places
from sluis.runbook.command_line import EXTRA_VARS as GATE_EXTRA_VARS
from sluis.runbook.surroundings import environment_reasons

PLACES = Places(Path("/project"))


@pytest.fixture(scope="module")
def private() -> Iterator[Path]:
    with PrivateFolder({}) as made:
        yield made.path


def built(caller: dict[str, str], private: Path = Path("/private")) -> dict[str, str]:
    return environment(
        caller,
        PLACES,
        private=private,
        artifacts=private / "artifacts" / "x",
        ident="x",
        passphrase_file=None,
    )


@given(
    st.dictionaries(
        st.one_of(
            st.text(),
            st.sampled_from(["ANSIBLE_LIBRARY", "LD_PRELOAD", "PYTHONPATH", "BASH_ENV", "PATH"]),
            st.builds(lambda tail: "ANSIBLE_" + tail, st.text()),
        ),
        st.text(min_size=1),
    )
)
def test_only_what_is_named_is_taken_over(caller: dict[str, str]):
    clean = built({})
    found = built(caller)
    assert set(found) - set(clean) <= {*KEPT, "SLUIS_KEY_PASSPHRASE_FILE"}
    for name in set(found) & set(clean) - {"SLUIS_KEYS", "HOME", *KEPT}:
        assert found[name] == clean[name]


def test_a_passphrase_that_was_typed_beats_the_callers_file():
    found = environment(
        {"SLUIS_KEY_PASSPHRASE_FILE": "/old"},
        PLACES,
        private=Path("/p"),
        artifacts=Path("/p/a"),
        ident="x",
        passphrase_file=Path("/p/passphrase"),
    )
    assert found["SLUIS_KEY_PASSPHRASE_FILE"] == "/p/passphrase"


def test_the_gate_has_no_objection_to_what_the_front_door_sets(private: Path):
    assert environment_reasons(built({"LANG": "C", "TERM": "xterm"}, private), PLACES) == []


@given(name=st.sampled_from(KEPT), value=st.text(min_size=1))
def test_L10_what_is_taken_over_is_taken_by_its_value(private: Path, name: str, value: str):
    assert environment_reasons(built({name: value}, private), PLACES) == []


def test_both_lists_of_extra_vars_are_the_same():
    assert EXTRA_VARS == GATE_EXTRA_VARS


def test_settings_that_are_no_file_are_not_waited_for(tmp_path: Path):
    path = tmp_path / "ansible.cfg"
    assert ansible_settings(Places(tmp_path)) == str(path), "Ansible's own defaults"
    path.write_text("[defaults]\n")
    assert ansible_settings(Places(tmp_path)) == str(path)
    (tmp_path / "file").write_text("[defaults]\n")
    for make in (
        os.mkfifo, os.mkdir, lambda p: p.symlink_to("/dev/zero"),
        lambda p: p.symlink_to(tmp_path / "file"), lambda p: p.symlink_to(tmp_path / "nowhere"),
        lambda p: os.mknod(p, stat.S_IFCHR | 0o600, os.makedev(1, 5)),  # as /dev/zero
    ):  # fmt: skip
        path.rmdir() if path.is_dir() else path.unlink()
        make(path)
        with pytest.raises(InputError, match="settings-not-a-file") as told:
            environment(
                {}, Places(tmp_path), private=tmp_path, artifacts=tmp_path, ident="x",
                passphrase_file=None,
            )  # fmt: skip
        assert f"{path} is not a regular file" in str(told.value)
