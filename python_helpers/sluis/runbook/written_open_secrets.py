"""Secrets that an engineer wrote where everybody can read them who sees the folder, or its backup.

It stops nothing: a lab may live so. But a folder of inventories is copied, mailed and put into
version control, and then the passwords go along.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from ansible.parsing.vault import is_encrypted

from sluis.evidence.files import read_regular
from sluis.places import VAULT_SETTINGS, Places
from sluis.plan.written_yaml import LARGEST, OPAQUE, Item, NotReadableError, read_written
from sluis.runbook.written_files import ENDINGS, files_below

#: how the name of a variable or a field ends whose value is a secret
_SECRET = re.compile(
    r"(?:^|[_-])(?:pass|passwd|password|passphrase|secret|token|api_?key|private_key|store_key)$",
    re.IGNORECASE,
)
#: how the name of a group of secrets ends; in ours stands a user as well
_SECRETS = re.compile(r"(?:^|[_-])secret(?:s|_args)$", re.IGNORECASE)
_NO_SECRET = re.compile(r"(?:^|[_-])(?:user|username|name|id|file|path)$", re.IGNORECASE)
#: a private key may be named by the file that holds it
_MAY_BE_A_FILE = re.compile(r"key$", re.IGNORECASE)
_OF_THE_CHANGE = ("update.yml", "restore.yml")
_NAMED = 5
_VAULT = ".venv/bin/ansible-vault encrypt --vault-id"


def open_secrets(
    places: Places, client: str, change: str | None, opened_by: Sequence[str]
) -> Iterator[str]:
    """One sentence for each file with secrets in the clear, with the command to paste.

    Args:
        places: the project.
        client: client id.
        change: change id; ``None``: only what is written for the client as a whole.
        opened_by: what opens files of ansible-vault, as ``--vault-id`` takes it.
    """
    folder = places.inventory(client)
    for inner in ("group_vars", "host_vars"):
        place = folder / inner
        for top in sorted(place.iterdir()) if place.is_dir() else ():
            if top.name.startswith(".") or top.name.endswith("~"):
                continue
            for path in sorted(files_below(top)):
                name = str(path.relative_to(places.root))
                yield from _told(path, name, _encrypt(client, name, opened_by))
    new = f"inventories/{client}/group_vars/all/secrets.yml"
    move = f"Move it into a file of variables, such as {new}, and encrypt that"
    there = sorted(folder.iterdir()) if folder.is_dir() else ()
    lists = [one for one in there if one.suffix in ENDINGS[1:]]
    if change is not None:
        lists += [places.change(client, change) / name for name in _OF_THE_CHANGE]
    for path in lists:
        if path.is_file():
            name = str(path.relative_to(places.root))
            yield from _told(path, name, f"{move}: {_encrypt(client, new, opened_by)}")


def _told(path: Path, name: str, remedy: str) -> Iterator[str]:
    try:
        content = read_regular(path.resolve(), LARGEST)
        if is_encrypted(content):
            return
        found = list(_in_the_clear("", read_written(content)))
    except (OSError, ValueError, RuntimeError, NotReadableError):
        return  # that is said by its reader
    if not found:
        return
    names = ", ".join(dict.fromkeys(f"{one} (line {line})" for one, line in found[:_NAMED]))
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    yield (
        f"{name}: whoever sees this file, or a backup of it, reads secrets: {names}{more}. "
        f"What to do: {remedy}"
    )


def _in_the_clear(
    name: str, item: Item, *, among_secrets: bool = False
) -> Iterator[tuple[str, int]]:
    """Name and line of each value that is a secret by its name, and stands there as it is."""
    if isinstance(item.value, dict):
        within = among_secrets or _SECRETS.search(name) is not None
        for inner, given in item.value.items():
            yield from _in_the_clear(str(inner), given, among_secrets=within)
    elif isinstance(item.value, list):
        for given in item.value:
            yield from _in_the_clear(name, given, among_secrets=among_secrets)
    elif (
        _SECRET.search(name) or (among_secrets and not _NO_SECRET.search(name))
    ) and _is_written_out(name, item):
        yield name, item.line


def _is_written_out(name: str, item: Item) -> bool:
    value = item.value
    if value is None or value is OPAQUE or isinstance(value, bool) or item.is_template:
        return False
    text = str(value).strip()
    is_a_file = _MAY_BE_A_FILE.search(name) and text.startswith(("/", "~/"))
    return bool(text) and not is_a_file


def _encrypt(client: str, file: str, opened_by: Sequence[str]) -> str:
    """The command that encrypts a file, with what opens the others."""
    if opened_by:
        return f"{_VAULT} {shlex.quote(opened_by[0])} {shlex.quote(file)}"
    password = f".config/sluis/{client}.pass"
    settings = f"inventories/{client}/{VAULT_SETTINGS}"
    return (
        "mkdir -p -m 700 ~/.config/sluis; "
        # never over the password of files that are encrypted already
        f"(umask 077; set -C; openssl rand -base64 24 >~/{password}); "
        f"echo 'default = ~/{password}' >>{shlex.quote(settings)}; "
        f"{_VAULT} default@$HOME/{password} {shlex.quote(file)}"
    )
