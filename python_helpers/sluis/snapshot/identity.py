"""Which machine this is, as the machine itself says it, held against what was expected.

In 2022 an ERP server was replaced and the backups went on, of the old machine, for two
years. A name in an inventory does not tell machines apart; these facts do.
"""

from __future__ import annotations

import base64
import os
import re
import socket
from typing import List, Optional, Sequence

from ..border.parts import Expected, Identity
from ..border.ssh_words import fingerprint_of
from ..errors import SnapshotError

_MACHINE_ID = ("/etc/machine-id", "/var/lib/dbus/machine-id")
_HOST_KEYS = "/etc/ssh"
#: some images hold other words until they are started for the first time
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def read_identity(host_keys: Sequence[str] = ()) -> Identity:
    """Read machine id, SSH host key fingerprints, boot id and name of this machine.

    Args:
        host_keys: public host key files; by default those in ``/etc/ssh``.
    """
    ids = (line for line in map(_first_line, _MACHINE_ID) if line and _ID.fullmatch(line))
    return Identity(
        machine_id=next(ids, None),
        host_keys=tuple(sorted(filter(None, map(fingerprint, host_keys or _key_files())))),
        boot_id=_first_line("/proc/sys/kernel/random/boot_id"),
        name=socket.gethostname(),
        pid=os.getpid(),
        pid_started=_started(),
    )


def check_identity(host: str, expected: Expected, found: Identity) -> None:
    """Hold the machine against what the inventory or an earlier statement says.

    Args:
        host: inventory name, for the error.
        expected: one of its ``host_keys`` must be there. What is left out is not compared.
        found: as read.

    Raises:
        SnapshotError: ``wrong-machine``.
    """
    differences: List[str] = []
    for name in ("machine_id", "system_identifier"):
        want, have = getattr(expected, name), getattr(found, name)
        if want and want != have:
            differences.append(f"{name} is {have or 'not readable'}, expected {want}")
    keys = set(expected.host_keys)
    if keys and not keys & set(found.host_keys):
        differences.append("none of its SSH host keys is one that was expected")
    if differences:
        raise SnapshotError(
            "wrong-machine",
            f"{host} is not the machine it was: {'; '.join(differences)}.",
            "Find out which machine holds the live data. If this one does, correct "
            "snapshot_and_verify_expected_identity.",
        )


def fingerprint(path: str) -> Optional[str]:
    """``SHA256:…`` of a public key file, as ``ssh-keygen -l`` shows it."""
    line = _first_line(path)
    parts = (line or "").split()
    if len(parts) < 2:
        return None
    try:
        return fingerprint_of(base64.b64decode(parts[1], validate=True))
    except ValueError:
        return None


def own_addresses(name: Optional[str]) -> List[str]:
    """Those addresses of ``name`` that this machine answers to itself."""
    if not name:
        return []
    try:
        found = {str(item[4][0]) for item in socket.getaddrinfo(name, None)}
    except OSError:
        return []
    return sorted(address for address in found if _is_ours(address))


def _is_ours(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # Only an address of our own can be bound.
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _key_files() -> List[str]:
    try:
        names = sorted(os.listdir(_HOST_KEYS))
    except OSError:
        return []
    return [
        os.path.join(_HOST_KEYS, name)
        for name in names
        if name.startswith("ssh_host_") and name.endswith("_key.pub")
    ]


def _first_line(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline(1 << 16).strip() or None
    except OSError:
        return None


def _started() -> Optional[int]:
    """Start of this process in clock ticks since boot: pid and start name it for good."""
    line = _first_line("/proc/self/stat")
    try:
        return int((line or "").rpartition(")")[2].split()[19])
    except (IndexError, ValueError):
        return None
