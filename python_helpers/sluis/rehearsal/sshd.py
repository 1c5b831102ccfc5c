"""A managed host of the lab: a real OpenSSH server with an identity of its own.

As root each host runs in its own mount, process and host-name namespaces, with its own
machine-id, ``/etc/ssh`` and ``/run``: as far as a snapshot can see, another machine. As
an ordinary user only the address and the host key are its own, and the machine-id is
that of the machine it runs on.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sluis.errors import SluisError
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import start_until_it_answers


@dataclass(frozen=True)
class SshHost:
    """A running managed host.

    ``folder`` is the host's own place for its data, with a folder ``incoming`` for what is
    delivered to it; ``host_key`` is the public key in
    ``known_hosts`` form, without the address. ``machine_id`` is ``None`` when the host
    has none of its own.
    """

    name: str
    address: str
    port: int
    user: str
    folder: Path
    host_key: str
    machine_id: str | None
    log: Path

    def known_hosts_line(self) -> str:
        """The line of ``known_hosts`` by which a client recognises this host."""
        return f"[{self.address}]:{self.port} {self.host_key}\n"

    def contacts(self) -> int:
        """How often somebody connected: zero proves that the host was left alone."""
        # the first connection is our own, when we waited for the server
        return max(0, self.log.read_text(errors="replace").count("Connection from ") - 1)

    def logins(self) -> int:
        """How often somebody logged in."""
        return self.log.read_text(errors="replace").count("Accepted publickey")


def program(name: str) -> str:
    """The full path of a system program, ``/usr/sbin`` included.

    Raises:
        SluisError: ``program-missing``.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        raise SluisError(
            "program-missing",
            f"The program {name} is not on this machine.",
            "Run .ci/install-debian.",
        )
    return found


def new_ssh_key(path: Path, comment: str) -> str:
    """Make an Ed25519 key pair at ``path`` and return its public line."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path.with_name(path.name + ".pub").read_text().strip()


@cache
def own_namespaces() -> bool:
    """Whether this user may give a lab host its own namespaces."""
    if os.geteuid() != 0:
        return False
    attempt = subprocess.run(
        [*_UNSHARE, "sh", "-c", "hostname lab && mount -t tmpfs tmpfs /run"],
        capture_output=True,
        check=False,
    )
    return attempt.returncode == 0


def start_host(
    keeper: Keeper,
    folder: Path,
    name: str,
    address: str,
    client_public_key: str,
    *,
    sftp_only: bool = False,
) -> SshHost:
    """Start a managed host.

    Args:
        keeper: ends it with the lab.
        folder: a new folder for everything of this host.
        name: its name in the inventory, and its host name as root.
        address: its own loopback address.
        client_public_key: the one key that may log in.
        sftp_only: nothing but SFTP may be done with it, as on a supplier's file server.

    Raises:
        SluisError: ``program-missing``, ``lab-part-failed``.
    """
    ssh = folder / "etc" / "ssh"
    ssh.mkdir(parents=True)
    folder.chmod(0o711)
    (folder / "incoming").mkdir()
    (folder / "home").mkdir(mode=0o700)
    host_key = " ".join(new_ssh_key(ssh / "ssh_host_ed25519_key", name).split()[:2])
    (ssh / "authorized_keys").write_text(client_public_key + "\n")
    machine_id = hashlib.sha256(host_key.encode()).hexdigest()[:32] if own_namespaces() else None
    (folder / "etc" / "machine-id").write_text((machine_id or "") + "\n")
    (folder / "etc" / "shadow").write_text(_no_passwords())
    (folder / "etc" / "shadow").chmod(0o600)
    log = folder / "sshd.log"
    only = _SFTP_ONLY if sftp_only else ""

    def start(port: int) -> subprocess.Popen[bytes]:
        config = ssh / "sshd_config"
        config.write_text(_config(address, port, folder, keeper.mark) + only)
        command = [program("sshd"), "-D", "-e", "-f", str(config)]
        if machine_id is None:
            if os.geteuid() == 0:
                Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
            return keeper.start(command, log=log)
        # Only SIGKILL reaches past unshare, and takes the whole machine with it.
        return keeper.start(
            [*_UNSHARE, "sh", "-euc", _enter(name, folder, command)],
            log=log,
            stop_signal=signal.SIGKILL,
        )

    _, port = start_until_it_answers(
        start, what=f"sshd of {name}", address=address, log=log, greeting=b"SSH-2.0"
    )
    return SshHost(
        name=name,
        address=address,
        port=port,
        user=getpass.getuser(),
        folder=folder,
        host_key=host_key,
        machine_id=machine_id,
        log=log,
    )


_UNSHARE = (
    "unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--",
)  # fmt: skip


def _enter(name: str, folder: Path, command: list[str]) -> str:
    """What becomes process 1 of the host: put its own files in place, then sshd."""
    etc = shlex.quote(str(folder / "etc"))
    lines = [
        f"hostname {shlex.quote(name)}",
        # an empty file system hides this machine's own services from the lab's host
        "mount -t tmpfs -o mode=755 tmpfs /run",
        "mkdir -m 755 /run/sshd",
        f"mount --bind {etc}/ssh /etc/ssh",
        # a root account that is locked on this machine could not log in to the lab
        f"mount --bind {etc}/shadow /etc/shadow",
        f"[ ! -e /etc/machine-id ] || mount --bind {etc}/machine-id /etc/machine-id",
        f"exec {shlex.join(command)}",
    ]
    return "\n".join(lines)


def _no_passwords() -> str:
    """A shadow file in which nobody has a password and nobody is locked."""
    try:
        names = [line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()]
    except OSError:
        names = []
    return "".join(f"{name}:*:19000:0:99999:7:::\n" for name in names)


def _config(address: str, port: int, folder: Path, mark: str) -> str:
    ssh = folder / "etc" / "ssh"
    # What this machine's user wrote for their own shell is not the host's: it may take its time
    # at each login, print something, or wait for another login that does the same.
    home = folder / "home"
    return f"""\
ListenAddress {address}:{port}
HostKey {ssh / "ssh_host_ed25519_key"}
PidFile none
AuthorizedKeysFile {ssh / "authorized_keys"}
# the lab lies under /tmp, where everybody may write; its own folder is closed
StrictModes no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers {getpass.getuser()}
UsePAM no
UseDNS no
X11Forwarding no
PrintMotd no
LogLevel VERBOSE
MaxStartups 100:30:200
MaxSessions 100
AcceptEnv LANG LC_*
SetEnv SLUIS_LAB={mark} HOME={home}
Subsystem sftp internal-sftp
"""


_SFTP_ONLY = """\
ForceCommand internal-sftp
PermitTTY no
DisableForwarding yes
"""
