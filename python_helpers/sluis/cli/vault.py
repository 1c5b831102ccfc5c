"""Which file, or which program, has the password of what ansible-vault encrypted.

The password itself is never taken: Ansible reads the file, or asks the program, by itself. So it
is in nobody's command line and in nobody's environment.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sluis.errors import InputError
from sluis.places import VAULT_SETTINGS, Places
from sluis.runbook.surroundings import home

VARIABLE = "SLUIS_VAULT_PASSWORD_FILE"
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_DEFAULT = "default"
_LARGEST = 64 * 1024
_HOW_TO_WRITE = (
    "Write one line for each vault id: NAME = FILE. See 'Secrets in ansible-vault' in "
    "docs/front-door.md."
)


@dataclass(frozen=True)
class VaultId:
    """One vault id, and what has its password.

    Args:
        name: as ``ansible-vault encrypt --vault-id NAME@…`` calls it.
        path: a file with the password, or a program that prints it.
    """

    name: str
    path: Path

    def option(self) -> str:
        """As ``--vault-id`` takes it."""
        return f"{self.name}@{self.path}"


def vault_ids(places: Places, client: str, caller: Mapping[str, str]) -> tuple[VaultId, ...]:
    """Everything that may open what is encrypted, in the order in which it is tried.

    First what ``SLUIS_VAULT_PASSWORD_FILE`` names (several are parted by commas), then
    ``vault.cfg`` of the client, then ``vault.cfg`` of the project.

    Args:
        places: the project.
        client: client id.
        caller: the environment that ``sluis`` was started in.

    Raises:
        InputError: ``bad-vault-setting``, ``vault-file-not-private``.
    """
    found: list[VaultId] = []
    for word in caller.get(VARIABLE, "").split(","):
        if word.strip():
            name, sign, named = word.strip().rpartition("@")
            # a path may hold the sign as well
            if sign and not _ID.fullmatch(name):
                name, named = "", word.strip()
            found.append(_vault_id(name, named, f"${VARIABLE}", Path.cwd()))
    for path in (places.inventory(client) / VAULT_SETTINGS, places.root / VAULT_SETTINGS):
        found += _in_file(path, places.root)
    return tuple(dict.fromkeys(found))


def _in_file(path: Path, root: Path) -> Iterator[VaultId]:
    if not os.path.lexists(path):
        return
    about = str(path.relative_to(root))
    _must_be_ours(path, about)
    try:
        text = path.read_bytes()[:_LARGEST].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(about, f"cannot be read: {error}", "Save it as UTF-8 text.") from None
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if not said or said.startswith(("#", ";")):
            continue
        name, sign, named = (part.strip() for part in said.partition("="))
        if not sign:
            name, named = "", said
        yield _vault_id(name, named, f"{about}, line {number}", root)


def _vault_id(name: str, named: str, where: str, base: Path) -> VaultId:
    name = name or _DEFAULT
    if not _ID.fullmatch(name):
        raise _bad(where, f"has the vault id {name[:80]!r}, which cannot be one")
    if not named or named == "prompt":
        raise _bad(where, "names no file")
    given = Path(named)
    if named.startswith("~/"):
        given = home() / named[2:]
    path = Path(os.path.normpath(base / given))
    _must_be_ours(path, f"{path} ({where})", secret=True)
    return VaultId(name, path)


def _must_be_ours(path: Path, about: str, *, secret: bool = False) -> None:
    """Nobody else may write it; and a password nobody else may read."""
    other = "name another file there" if secret else "take it out"
    try:
        found = path.stat()
    except FileNotFoundError:
        remedy = f"Put a file there, or {other}."
        if secret:
            remedy = (
                f"Write the password into it: (umask 077; cat > {shlex.quote(str(path))}). "
                "Or correct its path in that line."
            )
        raise _bad(about, "is not there", remedy) from None
    except OSError as error:
        remedy = f"Let yourself read it, or {other}."
        raise _bad(about, f"cannot be read: {error.strerror}", remedy) from None
    if not stat.S_ISREG(found.st_mode):
        raise _bad(about, "is not a file", f"Put an ordinary file there, or {other}.")
    others = stat.S_IWGRP | stat.S_IWOTH
    if secret and not found.st_mode & stat.S_IXUSR:
        others |= stat.S_IRGRP | stat.S_IROTH
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & others:
        raise InputError(
            "vault-file-not-private",
            f"{about} is not yours alone: others can read or change it, or it is somebody else's.",
            f"chmod {'go-rwx' if secret else 'go-w'} {path}",
        )


def _bad(where: str, what: str, remedy: str = _HOW_TO_WRITE) -> InputError:
    return InputError("bad-vault-setting", f"{where} {what}.", remedy)
