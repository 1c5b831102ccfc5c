"""Machines with users, files, services and an address of their own, on this one.

Each has its own root: what Debian ships is seen through it, and what is written stays in
memory. They are on a network that nobody else is on. Run this inside namespaces of its own (see
``run``); what is started here ends with them.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_BOOT = """
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs {folder}
cd {folder}
mkdir up work root
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
cd root
mkdir -p mnt/old
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . mnt/old
cd /
umount -l /mnt/old
hostname {name}
echo {machine_id} >/etc/machine-id
echo 127.0.0.1 localhost {name} >/etc/hosts
rm -rf /etc/ssh/ssh_host_* /etc/sudoers.d/* /etc/postgresql /var/lib/postgresql
mkdir -p /run/sshd /run/lock /run/user
touch /run/started
sleep infinity &
# the first process of a machine is the one that buries the others
while :; do wait; done
"""

_ENTER = ("--mount", "--uts", "--pid", "--net")
_BRIDGE = "town"


@dataclass(frozen=True)
class Machine:
    """A running machine; ``pid`` is its first process."""

    name: str
    address: str
    pid: int

    def run(self, commands: str, *, user: str = "root", typed: str | None = None) -> str:
        """Run commands of a shell on its console, and return what they print.

        Raises:
            AssertionError: they failed; with all that was said.
        """
        done = subprocess.run(
            self.command(user, commands),
            input=typed, stdin=subprocess.DEVNULL if typed is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"on {self.name}: {commands}\n{done.stdout}"
        return done.stdout

    def command(self, user: str, commands: str) -> list[str]:
        """The command line by which that is done from outside."""
        inside = ["nsenter", "-t", str(self.pid), *_ENTER, "--root", "--wd=/"]
        # "su -c" would take the terminal away, on which passphrases are asked
        su = ["su", "-s", "/bin/bash", "-", user]
        return [*inside, *su, "--session-command", f"set -eu\n{commands}"]


def lay_cables() -> None:
    """Make the network that the machines will be on."""
    _ip("link", "add", _BRIDGE, "type", "bridge")
    _ip("link", "set", _BRIDGE, "up")


def boot(folder: Path, name: str, address: str) -> Machine:
    """Start a machine, with no user and no service of its own yet.

    Args:
        folder: an empty folder, under which it keeps all that is written on it.
        name: its host name.
        address: its address, on the network that all of them share.
    """
    own = folder / name
    own.mkdir()
    boot_text = _BOOT.format(
        folder=shlex.quote(str(own)), name=name, machine_id=f"{sum(map(ord, name)):032x}"
    )
    outer = subprocess.Popen(
        ["unshare", *_ENTER, "--fork", "--kill-child=KILL", "--", "sh", "-euc", boot_text],
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 30
    while time.monotonic() < until and outer.poll() is None:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        if children and Path(f"/proc/{children[0]}/root/run/started").exists():
            return _plugged_in(Machine(name, address, int(children[0])))
        time.sleep(0.05)
    raise AssertionError(f"{name} did not start")


def _plugged_in(machine: Machine) -> Machine:
    _ip("link", "add", machine.name, "type", "veth", "peer", "eth0", "netns", str(machine.pid))
    _ip("link", "set", machine.name, "master", _BRIDGE, "up")
    machine.run(
        f"""
        ip link set lo up
        ip addr add {machine.address}/24 dev eth0
        ip link set eth0 up
        """
    )
    return machine


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def serve_ssh(machine: Machine, port: int, user: str, public_key: str) -> None:
    """OpenSSH as Debian sets it up, and the one key that may log in as ``user``."""
    machine.run(
        f"""
        ssh-keygen -q -A
        install -d -m 700 -o {user} -g {user} ~{user}/.ssh
        echo {shlex.quote(public_key)} >~{user}/.ssh/authorized_keys
        printf '%s\\n' 'ListenAddress {machine.address}:{port}' 'PasswordAuthentication no' \
            >/etc/ssh/sshd_config.d/own.conf
        setsid /usr/sbin/sshd -E /var/log/sshd.log
        """
    )
