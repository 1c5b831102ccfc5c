"""The front door on real ansible-runner and real ansible-playbook."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil
import pytest

from sluis.cli.environment import RUN_MARK
from sluis.cli.lock import only_run
from sluis.cli.progress import Line
from sluis.errors import InputError, SluisError
from support.front_project import (
    CHANGE,
    CLIENT,
    make_project,
    private_base,
    run_alone,
    run_here,
    until,
    write_playbook,
)

TOUCH = """
- name: First
  ansible.builtin.copy:
    content: "{{ change }} {{ phase }}"
    dest: "{{ playbook_dir }}/first"
    mode: "0600"
- name: Second
  ansible.builtin.copy:
    content: "{{ lookup('ansible.builtin.env', 'PATH') }}"
    dest: "{{ playbook_dir }}/second"
    mode: "0600"
"""

SLOW = """
- name: Take a while
  ansible.builtin.shell: |
    echo $$ > {{ playbook_dir }}/busy
    i=0
    while [ $i -lt 600 ] && [ ! -e {{ playbook_dir }}/enough ]; do sleep 0.05; i=$((i+1)); done
    echo done > {{ playbook_dir }}/ended
- name: Never
  ansible.builtin.file:
    path: "{{ playbook_dir }}/never"
    state: touch
    mode: "0600"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", TOUCH)


@pytest.fixture(autouse=True)
def _own_tmp(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(private_base(root)))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def done(root: Path) -> set[str]:
    return {name for name in ("first", "second") if (root / "playbooks" / name).exists()}


def nothing_left(root: Path) -> bool:
    return not list(private_base(root).iterdir())


def test_a_run_leaves_a_log_and_nothing_else(root: Path):
    report = run_here(root)
    assert (report.ended, report.status) == ("by itself", 0)
    assert done(root) == {"first", "second"}
    assert (root / "playbooks/first").read_text() == f"{CHANGE} prepare"
    assert nothing_left(root)
    assert stat.S_IMODE(report.log.stat().st_mode) == 0o600
    assert "TASK [First]" in report.log.read_text()
    left = {p.relative_to(root) for p in (root / "dossiers").rglob("*") if p.is_file()}
    runs = Path("dossiers", CLIENT, CHANGE, "runs")
    assert left == {runs / ".lock", report.log.relative_to(root)}


POISON = {
    "ANSIBLE_RUN_TAGS": "nosuch",
    "ANSIBLE_SKIP_TAGS": "all",
    "ANSIBLE_CONFIG": "/nonexistent/ansible.cfg",
    "ANSIBLE_HOST_KEY_CHECKING": "False",
    "ANSIBLE_STRATEGY": "debug",
    "ANSIBLE_ENABLE_TASK_DEBUGGER": "True",
    "ANSIBLE_STDOUT_CALLBACK": "minimal",
    "ANSIBLE_ALLOW_BROKEN_CONDITIONALS": "1",
    "AD_HOC_COMMAND_ID": "1",
    "JOB_ID": "not a number",
    "RUNNER_OMIT_EVENTS": "True",
    "RUNNER_ONLY_FAILED_EVENTS": "True",
    "MAX_EVENT_RES": "0",
    "LC_ALL": "C",
}

ALLOWED = {
    "AWX_ISOLATED_DATA_DIR", "ANSIBLE_CACHE_PLUGIN", "ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_CONFIG",
    "ANSIBLE_LOCAL_TEMP", "ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_NOCOLOR",
    "ANSIBLE_RETRY_FILES_ENABLED", "ANSIBLE_ROLES_PATH", "ANSIBLE_STDOUT_CALLBACK", "HOME",
    "LANG", "LC_ALL", "PATH",
    "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "RUNNER_OMIT_EVENTS",
    "RUNNER_ONLY_FAILED_EVENTS", "SLUIS_KEY", "SLUIS_KEYS", "SLUIS_KEY_PASSPHRASE_FILE",
    "SLUIS_PROGRESS", "SLUIS_RUN", "SSH_AUTH_SOCK", "TERM",
}  # fmt: skip


def test_nothing_of_the_callers_environment_reaches_ansible(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    evil = tmp_path / "evil"
    for folder in ("modules", "callbacks", "roles", "python", "action"):
        (evil / folder).mkdir(parents=True)
    mark = f"import os; os.close(os.open({str(evil / 'ran')!r}, os.O_CREAT))\n"
    (evil / "modules/copy.py").write_text(mark)
    (evil / "action/copy.py").write_text(mark)
    (evil / "callbacks/awx_display.py").write_text(mark)
    (evil / "python/sitecustomize.py").write_text(mark)
    (evil / "bin").mkdir()
    fake = evil / "bin/ansible-playbook"
    fake.write_text("#!/bin/sh\ntouch " + str(evil / "ran") + "\n")
    fake.chmod(0o755)
    poison = POISON | {
        "ANSIBLE_LIBRARY": str(evil / "modules"),
        "ANSIBLE_ACTION_PLUGINS": str(evil / "action"),
        "ANSIBLE_CALLBACK_PLUGINS": str(evil / "callbacks"),
        "AWX_LIB_DIRECTORY": str(evil / "callbacks"),
        "ANSIBLE_ROLES_PATH": str(evil / "roles"),
        "PYTHONPATH": str(evil / "python"),
        "PYTHONSTARTUP": str(evil / "python/sitecustomize.py"),
        "PATH": f"{evil / 'bin'}:{os.environ['PATH']}",
    }
    for name, value in poison.items():
        monkeypatch.setenv(name, value)
    write_playbook(
        root,
        TOUCH
        + """
- name: Look
  ansible.builtin.copy:
    content: "{{ query('ansible.builtin.pipe', 'cat /proc/' ~ pid ~ '/environ | base64 -w0') }}"
    dest: "{{ playbook_dir }}/environment"
    mode: "0600"
  vars:
    pid: "{{ lookup('ansible.builtin.pipe', 'echo $PPID') }}"
""",
    )
    report = run_here(root)
    assert report.ended == "by itself"
    assert done(root) == {"first", "second"}
    assert not (evil / "ran").exists()
    raw = subprocess.run(
        ["base64", "-d"],
        input=json.loads((root / "playbooks/environment").read_text().replace("'", '"'))[0],
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    found = dict(entry.split("=", 1) for entry in raw.split("\0") if "=" in entry)
    assert set(found) <= ALLOWED
    assert found["ANSIBLE_CONFIG"] == str(root / "ansible.cfg")
    assert found["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert str(evil) not in raw


def test_plugins_and_settings_in_the_operators_home_are_not_found(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home"
    (home / ".ansible/plugins/action").mkdir(parents=True)
    (home / ".ansible/plugins/modules").mkdir()
    mark = f"import os; os.close(os.open({str(home / 'ran')!r}, os.O_CREAT))\n"
    (home / ".ansible/plugins/action/copy.py").write_text(mark)
    (home / ".ansible/plugins/modules/copy.py").write_text(mark)
    (home / ".ansible.cfg").write_text("[tags]\nskip=all\n")
    monkeypatch.setenv("HOME", str(home))
    assert run_here(root).ended == "by itself"
    assert done(root) == {"first", "second"}
    assert not (home / "ran").exists()


def test_what_an_earlier_run_left_is_not_replayed(root: Path):
    for folder in (root, root / "dossiers" / CLIENT / CHANGE, private_base(root)):
        (folder / "env").mkdir(parents=True)
        (folder / "env/cmdline").write_text("--start-at-task Second")
        (folder / "env/extravars").write_text('{"change": "CHG-9"}')
        (folder / "env/envvars").write_text('{"ANSIBLE_SKIP_TAGS": "all"}')
        (folder / "args").write_text("ansible-playbook --version")
    for _ in range(2):
        assert run_here(root).ended == "by itself"
        assert done(root) == {"first", "second"}
        assert (root / "playbooks/first").read_text() == f"{CHANGE} prepare"
        (root / "playbooks/first").unlink()
        (root / "playbooks/second").unlink()


def test_facts_of_one_run_are_not_there_in_the_next(root: Path):
    write_playbook(
        root,
        """
- name: Remember
  ansible.builtin.set_fact:
    gate_passed: true
    cacheable: true
  when: not (playbook_dir ~ '/once') is ansible.builtin.exists
- name: Look
  ansible.builtin.copy:
    content: "{{ gate_passed is defined or ansible_facts.gate_passed is defined }}"
    dest: "{{ playbook_dir }}/once"
    mode: "0600"
""",
    )
    run_here(root)
    assert (root / "playbooks/once").read_text() == "True"
    run_here(root)
    assert (root / "playbooks/once").read_text() == "False"


@pytest.mark.parametrize("name", ["ansible_host", "gate_passed", "inventory_hostname", "x"])
def test_an_extra_var_that_is_not_on_the_list_is_refused(root: Path, name: str):
    with pytest.raises(InputError) as caught:
        run_here(root, extra_vars={"change": CHANGE, name: "1"})
    assert caught.value.code == "extra-var-not-allowed"
    assert done(root) == set()


def test_an_extra_var_cannot_name_another_change(root: Path):
    with pytest.raises(InputError):
        run_here(root, extra_vars={"change": "CHG-9"})
    with pytest.raises(InputError):
        run_here(root, extra_vars={"change": "{{ lookup('pipe', 'id') }}"})


def test_an_inventory_that_is_a_link_to_elsewhere_is_refused(root: Path):
    (root / "inventories" / "other").symlink_to(root / "inventories" / CLIENT)
    with pytest.raises(InputError) as caught:
        run_here(root, client="other")
    assert caught.value.code == "no-such-client"


def test_a_long_task_is_watched_while_it_is_at_work(root: Path):
    write_playbook(
        root,
        """
- ansible.builtin.shell: |
    echo '{"asset": "records", "phase": "restoring", "done": 0.5, "bytes": 1500000}' \\
      > "$SLUIS_PROGRESS"
    i=0
    while [ $i -lt 600 ] && [ ! -e {{ playbook_dir }}/seen ]; do sleep 0.05; i=$((i+1)); done
    test -e {{ playbook_dir }}/seen
""",
    )
    lines: list[Line] = []

    class Watching(Broken):
        def tell(self, line: Line) -> None:
            lines.append(line)
            if line.kind == "now":
                (root / "playbooks/seen").touch()

    assert run_here(root, progress=Watching()).ended == "by itself"
    (said,) = {one for one in lines if one.kind == "now" and one.text == "restoring"}
    assert (said.host, said.detail, said.done, said.size) == (
        "records", "50%, 1.5 MB", 0.5, 1_500_000,
    )  # fmt: skip


class Broken:
    """A progress display that fails at every line."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, line: Line) -> None:
        raise RuntimeError(line.text)

    def look(self) -> None:
        raise RuntimeError("look")


def test_a_display_that_fails_does_not_end_the_run(root: Path):
    report = run_here(root, progress=Broken())
    assert report.ended == "by itself"
    assert done(root) == {"first", "second"}
    assert "progress display failed (RuntimeError)" in report.troubles[0]


def test_a_log_that_cannot_be_written_does_not_end_the_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(self: object, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sluis.cli.runlog.RunLog.write", full)
    report = run_here(root)
    assert report.ended == "by itself"
    assert done(root) == {"first", "second"}
    assert "The log failed" in report.troubles[0]


def test_a_failing_task_and_no_hosts_and_no_playbook(root: Path):
    write_playbook(root, "- ansible.builtin.fail:\n    msg: no")
    assert run_here(root).ended == "with a failure"
    write_playbook(root, TOUCH, hosts="nosuchgroup")
    report = run_here(root)
    assert report.ended == "without a word"
    assert "no host at all" in report.troubles[0]
    (root / "playbooks/update.yml").write_text("- hosts: [")
    assert run_here(root).ended == "without a word"
    (root / "playbooks/update.yml").unlink()
    with pytest.raises(InputError):
        run_here(root)


def test_a_question_fails_and_does_not_wait_for_ever(root: Path):
    write_playbook(
        root,
        "- ansible.builtin.pause:\n    prompt: Continue?\n  register: p\n" + TOUCH,
        hosts="all",
    )
    report = run_here(root, time_limit=60)
    assert report.ended != "out of time"


def test_the_passphrase_is_in_a_file_for_its_owner_only_and_gone_afterwards(root: Path):
    secret = "correct horse battery staple"
    write_playbook(
        root,
        """
- name: Look for it
  ansible.builtin.shell: |
    stat -c '%a' "$SLUIS_KEY_PASSPHRASE_FILE" > {{ playbook_dir }}/mode
    cat "$SLUIS_KEY_PASSPHRASE_FILE" > {{ playbook_dir }}/content
    cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' \
      | grep -c 'horse batter[y]' > {{ playbook_dir }}/found || true
    echo "it is $(cat $SLUIS_KEY_PASSPHRASE_FILE)"; exit 1
""",
    )
    report = run_here(root, passphrase=secret)
    assert (root / "playbooks/mode").read_text() == "600\n"
    assert (root / "playbooks/content").read_text() == secret
    assert (root / "playbooks/found").read_text() == "0\n"
    assert nothing_left(root)
    (root / "playbooks/content").unlink()
    log = report.log.read_text()
    assert "it is ***" in log
    for path in [p for p in root.rglob("*") if p.is_file()]:
        assert secret.encode() not in path.read_bytes(), path


def test_the_log_has_no_password_of_an_address_and_no_escape_sequences(root: Path):
    write_playbook(
        root,
        r"""
- ansible.builtin.fail:
    msg: "push to https://store:s3cret@192.0.2.1/x failed \e]0;title\a\e[2J"
""",
    )
    log = run_here(root).log.read_text()
    assert "s3cret" not in log
    assert "https://store:***@192.0.2.1/x" in log
    assert "\x1b" not in log


def test_two_at_once_is_refused(root: Path):
    dossier = root / "dossiers" / CLIENT / CHANGE
    with only_run(dossier, "apply", datetime.now(UTC)):
        with pytest.raises(SluisError) as caught:
            run_here(root)
        assert caught.value.code == "run-in-progress"
        assert f"apply, process {os.getpid()}" in caught.value.what
    assert done(root) == set()
    assert run_here(root).ended == "by itself"


def busy(root: Path) -> int:
    path = root / "playbooks/busy"
    until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


def marked(root: Path) -> list[psutil.Process]:
    """Every process of a run in this project."""
    found = []
    for process in psutil.process_iter():
        try:
            environ = process.environ()
        except psutil.Error:
            continue
        if environ.get(RUN_MARK) and environ.get("ANSIBLE_CONFIG") == str(root / "ansible.cfg"):
            found.append(process)
    return found


def test_ctrl_c_ends_every_process_of_the_run(root: Path):
    write_playbook(root, SLOW)
    front = run_alone(root)
    step = busy(root)
    assert marked(root)
    front.send_signal(signal.SIGINT)
    output, _ = front.communicate(timeout=30)
    assert output.strip() == "cancelled"
    assert marked(root) == []
    assert not psutil.pid_exists(step)
    assert not (root / "playbooks/never").exists()
    until(lambda: nothing_left(root))


def test_a_terminal_that_hangs_up_does_not_break_a_step_off(root: Path):
    write_playbook(root, SLOW)
    front = run_alone(root)
    busy(root)
    front.send_signal(signal.SIGHUP)
    (root / "playbooks/enough").touch()
    output, _ = front.communicate(timeout=60)
    assert output.strip() == "by itself"
    assert (root / "playbooks/never").exists()


def test_a_run_out_of_time_is_ended(root: Path):
    write_playbook(root, SLOW)
    report = run_here(root, time_limit=3)
    assert report.ended == "out of time"
    assert marked(root) == []
    assert not (root / "playbooks/never").exists()
    assert nothing_left(root)


def test_a_killed_front_door_leaves_no_run_behind(root: Path):
    write_playbook(root, SLOW)
    front = run_alone(root)
    busy(root)
    (main,) = [process for process in marked(root) if process.ppid() == front.pid]
    front.kill()
    front.wait()
    # ansible-playbook itself is gone at once, so nothing new begins
    until(lambda: not main.is_running())
    # the step that was at work goes on, and as long as it does nobody else may start
    with pytest.raises(SluisError) as caught:
        run_here(root)
    assert caught.value.code == "run-in-progress"
    (root / "playbooks/enough").touch()
    until(lambda: not marked(root))
    assert (root / "playbooks/ended").exists()
    assert not (root / "playbooks/never").exists()
    until(lambda: nothing_left(root))
    write_playbook(root, TOUCH)
    assert run_here(root).ended == "by itself"


def test_what_a_stopped_machine_left_is_swept(root: Path):
    stale = private_base(root) / "sluis-run-stale"
    stale.mkdir(mode=0o700)
    (stale / "held").touch()
    (stale / "passphrase").write_text("secret")
    foreign = private_base(root) / "sluis-run-foreign"
    foreign.symlink_to(root)
    run_here(root)
    assert not stale.exists()
    assert (root / "playbooks").exists()
