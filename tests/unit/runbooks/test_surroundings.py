"""The environment is a short list of what may be there, each by its value (L10)."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.cli.private import PrivateFolder
from sluis.errors import RefusedError
from sluis.places import Places
from sluis.runbook import surroundings
from sluis.runbook.own_folder import PROGRESS, PROGRESS_FILE
from sluis.runbook.surroundings import (
    callback_folder,
    environment_reasons,
    handed_on,
    home,
    may_be_there,
    started_with,
)
from sluis.runbook.telling import NAME, tell_front_door, told_by

PLACES = Places(Path("/project"))

#: a terminal of an ordinary operator
ORDINARY = {
    "COLORTERM": "truecolor", "DISPLAY": ":0", "EDITOR": "vim", "HOME": str(home()),
    "LANG": "nl_NL.UTF-8", "LC_TIME": "nl_NL.UTF-8", "LOGNAME": "ops", "LS_COLORS": "di=01;34",
    "OLDPWD": "/", "PATH": "/home/ops/bin:/usr/bin", "PWD": "/project", "SHELL": "/bin/bash",
    "SHLVL": "1", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "TERM": "xterm-256color",
    "TZ": "Europe/Amsterdam", "USER": "ops", "VIRTUAL_ENV": "/project/.venv", "_": "/usr/bin/env",
    "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": "/project/ansible.cfg", "TMPDIR": "/tmp",
}  # fmt: skip

#: names of which each was a way to bring in code, a program, a key or a destination
NAMES = [
    "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONUSERBASE",
    "PYTHONPYCACHEPREFIX", "PYTHONBREAKPOINT", "PYTHONWARNINGS", "PYTHONPLATLIBDIR",
    "PYTHONEXECUTABLE", "PYTHONOPTIMIZE", "COVERAGE_PROCESS_START", "LD_PRELOAD",
    "LD_LIBRARY_PATH", "LD_AUDIT", "GCONV_PATH", "LOCPATH", "NLSPATH", "MALLOC_CHECK_",
    "GLIBC_TUNABLES", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "SSLKEYLOGFILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HOSTALIASES",
    "LOCALDOMAIN", "RES_OPTIONS", "KRB5_CONFIG", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE",
    "SSH_SK_PROVIDER", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "RESTIC_PASSWORD",
    "RESTIC_REPOSITORY", "RCLONE_CONFIG", "PGHOST", "PGSERVICEFILE", "PGPASSFILE", "MYSQL_HOME",
    "MYSQL_HOST", "http_proxy", "HTTPS_PROXY", "no_proxy", "BASH_ENV", "ENV", "PROMPT_COMMAND",
    "IFS", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "PERL5LIB", "TERMINFO", "CLASSPATH", "anything",
    "ANSIBLE_LIBRARY", "ANSIBLE_LOG_PATH", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_UNSAFE_WRITES",
    "ANSIBLE_LOAD_CALLBACK_PLUGINS", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_HOME",
    "ANSIBLE_SSH_ARGS", "ANSIBLE_REMOTE_USER", "ANSIBLE_INVENTORY", "ANSIBLE_TRANSPORT",
    "ANSIBLE_DIFF_ALWAYS", "ANSIBLE_JINJA2_EXTENSIONS", "AWX_LIB_DIRECTORY", "SLUIS_TEST_RUN",
    "HOME ", "home", "Path",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_L10_what_is_not_on_the_list_is_refused_by_name(name: str) -> None:
    (reason,) = environment_reasons({**ORDINARY, name: "1"}, PLACES)
    assert reason.code == "environment-not-clean"
    assert reason.about == name
    assert name in reason.sentence
    assert "env -u" in reason.remedy


@given(st.text(min_size=1), st.text())
def test_L10_no_name_that_somebody_thinks_of_gets_in(name: str, value: str) -> None:
    if may_be_there(name, value, PLACES):
        known = {*surroundings._LEFT_BEHIND, *surroundings._HANDED_ON}
        assert name in known or name.startswith("LC_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANSIBLE_CALLBACK_PLUGINS", "/tmp/mine"),
        ("ANSIBLE_CALLBACK_PLUGINS", f"{callback_folder()}:/tmp/mine"),
        ("ANSIBLE_CALLBACK_PLUGINS", f"/tmp/mine:{callback_folder()}"),
        ("ANSIBLE_STDOUT_CALLBACK", "mine"),
        ("ANSIBLE_STDOUT_CALLBACK", "community.general.mine"),
        ("ANSIBLE_CONFIG", "/elsewhere/ansible.cfg"),
        ("ANSIBLE_ROLES_PATH", "/project/roles:/tmp/roles"),
        ("ANSIBLE_HOST_KEY_CHECKING", "False"),
        ("ANSIBLE_CACHE_PLUGIN", "mine"),
        ("ANSIBLE_VERBOSITY", "{{ lookup('pipe', 'id') }}"),
        ("HOME", "/tmp"),
        ("HOME", ""),
        ("LANG", "../../tmp/evil"),
        ("LC_ALL", "/tmp/evil"),
        ("TERM", "../../tmp/evil"),
        ("TZ", "/tmp/evil"),
        ("TZ", "../../tmp/evil"),
        ("TZ", ":/tmp/evil"),
        ("TMPDIR", "relative"),
        ("SSH_AUTH_SOCK", "/etc/passwd"),
        ("PYTHONNOUSERSITE", "/tmp/x"),
    ],
)
def test_L10_a_name_on_the_list_is_taken_by_its_value(name: str, value: str) -> None:
    (reason,) = environment_reasons({**ORDINARY, name: value}, PLACES)
    assert reason.about == name
    assert f"{name} (its value)" in reason.sentence


def test_L10_an_ordinary_terminal_and_ansible_runner_are_let_through(tmp_path: Path) -> None:
    runner = {
        "ANSIBLE_CALLBACK_PLUGINS": str(callback_folder()),
        "ANSIBLE_STDOUT_CALLBACK": "awx_display",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "AWX_ISOLATED_DATA_DIR": "/job/artifacts/x",
        "RUNNER_OMIT_EVENTS": "False",
    }
    agent = tmp_path / "agent"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(agent))
        found = environment_reasons({**ORDINARY, **runner, "SSH_AUTH_SOCK": str(agent)}, PLACES)
    assert found == []


def test_L10_a_folder_that_others_write_to_is_no_place_for_files(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert not may_be_there("TMPDIR", str(tmp_path), PLACES)
    tmp_path.chmod(0o700)
    assert may_be_there("TMPDIR", str(tmp_path), PLACES)
    (tmp_path / "link").symlink_to("/tmp")
    assert not may_be_there("TMPDIR", str(tmp_path / "link"), PLACES)


WRITTEN_TO = (
    "ANSIBLE_CACHE_PLUGIN_CONNECTION", "ANSIBLE_LOCAL_TEMP", "AWX_ISOLATED_DATA_DIR", "TMPDIR",
)  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN_TO)
def test_L10_no_variable_has_files_written_where_each_file_counts(
    tmp_path: Path, name: str
) -> None:
    places = Places(tmp_path)
    for ours in ("dossiers/a/CHG-1/statements", "inventories/a", "roles", "playbooks"):
        (tmp_path / ours).mkdir(parents=True)
        assert not may_be_there(name, str(tmp_path / ours), places)
        assert not may_be_there(name, str(tmp_path / ours / "new"), places)
        assert not may_be_there(name, str(tmp_path / "job" / ".." / ours), places)
        assert not may_be_there(name, f"/$HOME/../{tmp_path / ours}", places)
    (tmp_path / "link").symlink_to(tmp_path / "dossiers")
    assert not may_be_there(name, str(tmp_path / "link" / "a"), places)
    assert not may_be_there(name, "{{CWD}}/dossiers", places)
    assert may_be_there(name, str(tmp_path / "job" / "artifacts"), places)


def test_L10_progress_is_written_in_a_private_folder_of_ours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    with PrivateFolder({"XDG_RUNTIME_DIR": str(tmp_path)}) as private:
        file = private.path / PROGRESS_FILE
        (tmp_path / "sluis-run-link").symlink_to(private.path)
        (tmp_path / "sluis-run-bare").mkdir(0o700)
        assert may_be_there(PROGRESS, str(file), PLACES)
        others = [
            tmp_path / PROGRESS_FILE, private.path / "other", private.path / "tmp" / PROGRESS_FILE,
            tmp_path / "sluis-run-link" / PROGRESS_FILE,
            tmp_path / "sluis-run-bare" / PROGRESS_FILE, f"{private.path}/../x/{PROGRESS_FILE}",
            f"{private.path}//{PROGRESS_FILE}", Path(private.path.name) / PROGRESS_FILE, "", "\0",
        ]  # fmt: skip
        for other in others:
            assert not may_be_there(PROGRESS, str(other), PLACES), other
            monkeypatch.setattr(os, "environ", {PROGRESS: str(other)})
            tell_front_door(RefusedError("x", "y", "z"))
        assert not list(tmp_path.rglob(NAME)), "nothing is told where nobody listens"
        monkeypatch.setattr(os, "environ", {PROGRESS: str(file)})
        tell_front_door(RefusedError("x", "y", "z"))
        assert told_by(private.path) is not None
        private.path.chmod(0o755)
        assert not may_be_there(PROGRESS, str(file), PLACES)


def test_L10_programs_get_a_built_environment() -> None:
    found = handed_on({**ORDINARY, "PATH": "/tmp/evil", "PYTHONPATH": "/tmp/evil"}, PLACES)
    assert "/tmp/evil" not in " ".join(found.values())
    assert "/usr/bin" in found["PATH"].split(":")
    assert found["HOME"] == str(home())
    assert "EDITOR" not in found and "PYTHONPATH" not in found
    assert environment_reasons(found, PLACES) == []


def test_L10_what_was_taken_out_of_the_environment_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``sitecustomize`` can remove the variable that brought it in."""
    monkeypatch.setattr(surroundings, "_first_environment", lambda: {"PYTHONPATH": "/tmp/evil"})
    monkeypatch.setenv("LANG", "C")
    assert "PYTHONPATH" not in os.environ
    assert started_with()["PYTHONPATH"] == "/tmp/evil"
    assert started_with()["LANG"] == "C"


PASSWORD_FILES = (
    "ANSIBLE_BECOME_PASSWORD_FILE",
    "ANSIBLE_CONNECTION_PASSWORD_FILE",
    "ANSIBLE_VAULT_PASSWORD_FILE",
)


@pytest.mark.parametrize("name", PASSWORD_FILES)
def test_L10_a_password_file_is_read_and_no_program_is_started(name: str, tmp_path: Path) -> None:
    """Ansible runs a password file that is executable, on the controller, as the operator."""
    places = Places(tmp_path)
    path = tmp_path / "pass word"
    path.write_text("secret\n")
    path.chmod(0o600)
    assert may_be_there(name, str(path), places)
    path.chmod(0o700)
    assert not may_be_there(name, str(path), places)
    path.chmod(0o622)
    assert not may_be_there(name, str(path), places)
    link = tmp_path / "link"
    link.symlink_to("/bin/true")
    assert not may_be_there(name, str(link), places)
    assert may_be_there(name, str(tmp_path / "not there"), places)


def test_L10_a_vault_id_in_the_environment_starts_no_program(tmp_path: Path) -> None:
    places = Places(tmp_path)
    good, program = tmp_path / "good", tmp_path / "program"
    for path, mode in ((good, 0o600), (program, 0o700)):
        path.write_text("x")
        path.chmod(mode)
    name = "ANSIBLE_VAULT_IDENTITY_LIST"
    assert may_be_there(name, f"a@{good}, b@prompt,c@{good}", places)
    assert not may_be_there(name, f"a@{good},b@{program}", places)
    assert not may_be_there(name, f"a@{good}, {program}", places)
