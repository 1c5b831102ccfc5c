"""A connection has one name, and ssh takes no settings that nobody signed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import become_loader, shell_loader

from sluis.errors import RefusedError
from sluis.runbook.connections import check_ssh, connection_name, refuse_unrecognised
from support.connections import SSH_ARGS, connection


@pytest.mark.parametrize("name", ["ssh", "ansible.builtin.ssh", "ansible.legacy.ssh"])
def test_L13_every_name_of_ssh_is_ssh(name: str) -> None:
    made = connection(name)
    assert connection_name(made) == "ssh"
    assert refuse_unrecognised(made) == "ssh"


@pytest.mark.parametrize("name", ["local", "ansible.builtin.local", "ansible.legacy.local"])
def test_L13_every_name_of_local_is_local(name: str) -> None:
    assert refuse_unrecognised(connection(name)) == "local"


@pytest.mark.parametrize("name", ["paramiko", "paramiko_ssh", "ansible.builtin.paramiko_ssh"])
def test_L13_another_connection_is_refused(name: str) -> None:
    with pytest.raises(RefusedError) as told:
        refuse_unrecognised(connection(name))
    assert told.value.code == "connection-not-known"


def test_L13_a_connection_that_only_has_the_name_is_refused(tmp_path: Path) -> None:
    made = connection("ssh")
    for path in (tmp_path / "ssh.py", tmp_path / "plugins" / "connection" / "ssh.py"):
        made._original_path = str(path)
        assert connection_name(made) != "ssh"
        with pytest.raises(RefusedError):
            refuse_unrecognised(made)


def test_L13_a_host_without_a_posix_shell_is_refused() -> None:
    made = connection("ssh")
    made._shell = shell_loader.get("powershell")
    with pytest.raises(RefusedError):
        refuse_unrecognised(made)


@pytest.mark.parametrize("kind", ["shell", "become"])
def test_L10_a_shell_or_become_plugin_from_elsewhere_is_refused(kind: str, tmp_path: Path) -> None:
    made = connection("ssh")
    made.become = become_loader.get("sudo")
    assert refuse_unrecognised(made) == "ssh"
    plugin = made._shell if kind == "shell" else made.become
    plugin._original_path = str(tmp_path / "plugins" / kind / "sh.py")
    with pytest.raises(RefusedError) as told:
        refuse_unrecognised(made)
    assert told.value.code == "connection-not-known"


def ssh(**options: Any) -> None:
    check_ssh({"ssh_args": SSH_ARGS, "host": "192.0.2.1", "host_key_checking": True, **options})


FINE = [
    "-F none -o UserKnownHostsFile=/x -o GlobalKnownHostsFile=/dev/null -o IdentitiesOnly=yes",
    "-o StrictHostKeyChecking=yes -o BatchMode=yes",
    "-J jump.example", "-J ops@192.0.2.9:2222,other", "-o ProxyJump=ops@jump.example",
    "-o 'ProxyJump jump'", "-C -4", "-4C", "-F/dev/null", "-CF none", "-o ControlMaster=no",
    "-oServerAliveInterval=5", "-o 'StrictHostKeyChecking = yes'", "-i /etc/sluis/key", "",
]  # fmt: skip


@pytest.mark.parametrize("text", FINE)
def test_L12_what_the_inventory_may_say_to_ssh(text: str) -> None:
    ssh(ssh_common_args=text)
    ssh(ssh_args="-F none", ssh_extra_args=text)


TAKEN = [
    "-F /etc/ssh/ssh_config", "-F ~/.ssh/config", "-F", "-Fother", "-CF other",
    "-F none -F other", "-o Include=/x", "-o include=/x", "-o 'Include /x'", "-o ' Include  /x'",
    "-oInclude=/x", "-Coinclude=/x", "-o 'Match exec /x'", "-o 'Host x'",
    "-o ProxyCommand=/x", "-o 'proxycommand nc %h %p'", "-o ProxyCommand=none",
    "-o 'ProxyJump=-oProxyCommand=x'", "-J '-oProxyCommand=x'", "-J 'x y'", "-J '$(x)'",
    "-o LocalCommand=/x", "-o PermitLocalCommand=yes", "-o KnownHostsCommand=/x",
    "-o PKCS11Provider=/x", "-o SecurityKeyProvider=/x", "-o XAuthLocation=/x",
    "-o Hostname=192.0.2.66", "-o HostName 192.0.2.66", "-o Port=22", "-o User=root",
    "-o CanonicalizeHostname=yes", "-o ControlMaster=auto", "-o ControlPath=/x", "-S /x",
    "-o ControlPersist=60s", "-o ForwardAgent=yes", "-A", "-L 1:x:1", "-R 1:x:1", "-D 1", "-W x:1",
    "-o RemoteCommand=x", "-o SendEnv=*", "-o SetEnv=A=b", "-p 22", "-l root", "-E /x", "-M", "-N",
    "192.0.2.66", "-C 192.0.2.66", "--", "-", "-C -- x", "'unclosed", "-o nothing", "-o", "-o =x",
    "-o '\"Include\" /x'", "-C\n-A", "-o 'BatchMode=yes\nInclude=/x'", "-o VerifyHostKeyDNS=yes",
    "-o UpdateHostKeys=yes", "-o Tunnel=yes", "-I /x", "-O exit", "-Z",
]  # fmt: skip


@pytest.mark.parametrize("text", TAKEN)
@pytest.mark.parametrize("option", ["ssh_common_args", "sftp_extra_args"])
def test_L12_ssh_takes_no_settings_that_lead_elsewhere(option: str, text: str) -> None:
    with pytest.raises(RefusedError) as told:
        ssh(**{option: text})
    assert told.value.code == "ssh-takes-settings"


@pytest.mark.parametrize(
    "options",
    [
        {"ssh_args": "-C -o ControlMaster=no"}, {"ssh_args": ""}, {"ssh_args": None},
        {"ssh_args": "", "ssh_extra_args": "-F none"},
        {"ssh_executable": "/tmp/ssh"}, {"sftp_executable": "x"}, {"scp_executable": "/bin/sh"},
        {"pkcs11_provider": "/tmp/library.so"},
        {"host": "-oProxyCommand=x"}, {"host": "ssh://x"}, {"host": "a b"}, {"host": "root@x"},
    ],
    ids=str,
)  # fmt: skip
def test_L12_ssh_reads_no_file_of_its_own(options: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as told:
        ssh(**options)
    assert told.value.code == "ssh-takes-settings"


@pytest.mark.parametrize(
    "options",
    [
        {"host_key_checking": False}, {"ssh_common_args": "-o StrictHostKeyChecking=no"},
        {"ssh_extra_args": "-o stricthostkeychecking=accept-new"},
        {"ssh_common_args": "-oStrictHostKeyChecking=off"},
    ],
    ids=str,
)  # fmt: skip
def test_L12_host_keys_are_checked_whatever_the_inventory_says(options: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as told:
        ssh(**options)
    assert told.value.code == "host-keys-unchecked"


def test_L12_every_program_is_started_without_a_settings_file(tmp_path: Path) -> None:
    """What OpenSSH itself makes of the command, with a settings file that leads elsewhere."""
    made = connection("ssh", ansible_port=2222)
    for program in ("ssh", "sftp", "scp"):
        command = [part.decode() for part in made._build_command(program, program)]
        assert command[command.index("-F") + 1] == "none", command
    real = shutil.which("ssh")
    assert real is not None
    config = tmp_path / "config"
    config.write_text("Host *\n  ProxyCommand /x\n  HostKeyAlias other\n  Hostname 192.0.2.66\n")
    command = [part.decode() for part in made._build_command(real, "ssh")]

    def resolved(*options: str) -> str:
        asked = [command[0], *options, *command[1:], "-G", "192.0.2.1"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout

    assert "hostname 192.0.2.1\n" in resolved()
    assert "proxycommand" not in resolved()
    # a later -F wins, so ours does
    assert "proxycommand" not in resolved("-F", str(config))
    command.remove("-F")
    command.remove("none")
    assert "proxycommand /x" in resolved("-F", str(config)), "the test can fail"
