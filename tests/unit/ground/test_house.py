"""The ground that everything stands on: the folder, the targets, the installation."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

#: design.md, "The house", and what builds or configures it
FOLDERS = {".ci", "docs", "inventories", "playbooks", "python_helpers", "roles", "tests"}
FILES = {
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "ansible.cfg",
    "constraints.txt", "pyproject.toml", ".ansible-lint", ".gitignore", ".yamllint",
}  # fmt: skip


def _tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stderr
    return listed.stdout.splitlines()


def test_the_house_has_no_other_rooms():
    tracked = _tracked()
    assert {name.split("/")[0] for name in tracked if "/" in name} <= FOLDERS
    assert {name for name in tracked if "/" not in name} <= FILES


@pytest.mark.parametrize("target", ["demo", "test", "lint", "bench", "clean"])
def test_make_explains_its_targets(target):
    told = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True
    )
    assert re.search(rf"^  make {target} +\S", told.stdout, re.MULTILINE), told.stderr


def test_a_fresh_installation_is_reproducible():
    locked = dict(
        line.lower().split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
        *project["build-system"]["requires"],
    ]
    names = {re.split(r"[\[<>=!~; ]", one)[0].lower() for one in wanted}
    assert {name for name in names if name not in locked} == set()


_SSH = (
    "ssh_args = -F none -C -o ControlMaster=no -o ControlPath=none"
    " -o ServerAliveInterval=15 -o ServerAliveCountMax=4"
)


def test_ansible_is_told_nothing_that_weakens():
    settings = (ROOT / "ansible.cfg").read_text()
    for line in (
        "inject_facts_as_vars = False", "host_key_checking = True", "enable_task_debugger = False",
        _SSH, "retries = 0",
    ):  # fmt: skip
        assert re.search(rf"^{re.escape(line)}$", settings, re.MULTILINE), line
    assert "allow_broken_conditionals" not in settings


_TOOLS = ("apt-get", "chmod", "dirname", "id", "python3.11", "rm", "sh", "tr")
_LOOKED_FOR = ("mariadb", "mariadb-dump", "mariadbd", "openssl", "rclone", "restic", "setpriv")
_LOOKED_FOR += ("ip", "pypy3", "setfacl", "setfattr", "ssh", "ssh-keygen", "sshd", "sudo")


@pytest.fixture
def path_without(tmp_path):
    """A PATH with stand-ins first, on which some programs are not to be found."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(*missing, **stand_ins):
        for name in {*_TOOLS, *_LOOKED_FOR} - {*missing}:
            found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
            if name == "python3.11":  # what PATH names may be a wrapper that needs its folder
                found = Path(sys.base_prefix, "bin", name)
            assert found, f"{name} is not on this machine"
            (folder / name).symlink_to(found)
        for name, script in stand_ins.items():
            path = folder / name.replace("_", "-")
            path.unlink(missing_ok=True)
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        return str(folder)

    return make


def _install(path, **environment):
    return subprocess.run(
        [ROOT / ".ci" / "install-debian"], env={"PATH": path, **environment},
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_installing_says_which_command_needs_root(path_without):
    done = _install(path_without("restic", "rclone", id="echo 1000", sudo="exit 1"))
    assert done.returncode == 1
    assert done.stdout == "Missing Debian packages: restic rclone\n"
    assert f"sh {ROOT}/.ci/install-debian" in done.stderr


def test_installing_touches_nothing_when_nothing_is_missing(path_without):
    done = _install(path_without(apt_get="exit 99"))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_installing_that_did_not_help_is_no_success(path_without, tmp_path):
    log = tmp_path / "calls"
    # an apt-get that installs nothing, and says what Debian would have been told
    apt = f'echo "$@" >>{log}; sh "$POLICY_RC_D"; echo $? >>{log}'
    path = path_without("restic", id="echo 0", apt_get=apt)
    policy = tmp_path / "policy-rc.d"
    done = _install(path, POLICY_RC_D=str(policy))
    assert done.returncode == 1
    assert "Still missing after the installation: restic" in done.stderr
    calls = log.read_text().splitlines()
    # while packages were installed no service could start; afterwards it is as it was
    assert [line.split()[-1] for line in calls] == ["update", "101", "restic", "101"]
    assert not policy.exists()


def test_a_machine_keeps_its_own_word_on_services(path_without, tmp_path):
    path = path_without("restic", id="echo 0", apt_get="exit 0")
    policy = tmp_path / "policy-rc.d"
    policy.write_text("its own\n")
    assert _install(path, POLICY_RC_D=str(policy)).returncode == 1
    assert policy.read_text() == "its own\n"
