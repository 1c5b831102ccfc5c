"""The files of a client's inventory: which of them Ansible reads, and what is in one."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import is_encrypted

from sluis.evidence.files import read_regular
from sluis.places import Places
from sluis.plan.faults import Fault
from sluis.plan.written_yaml import LARGEST, Item, NotReadableError, read_written, sealed_texts
from sluis.runbook.command_line import playbook_name
from sluis.runbook.own_folder import progress_file
from sluis.runbook.vault_codes import NOT_OPENED
from sluis.runbook.written_places import NOTES

#: endings of the files of variables that Ansible reads
ENDINGS = ("", ".yml", ".yaml", ".json")
_SEE = "see 'Secrets in ansible-vault' in docs/front-door.md"
_DEFAULT_ID = "default"


class Files:
    """Reads files that engineers wrote.

    Args:
        root: the project's folder; files are named from there.
        loader: opens what ansible-vault encrypted.
        unseal: whether values that are encrypted by themselves are opened, too.
    """

    def __init__(self, root: Path, loader: DataLoader, *, unseal: bool = False) -> None:
        self._root, self._loader, self._unseal = root, loader, unseal

    def name(self, path: Path) -> str:
        """The path of a file, for messages."""
        return str(path.relative_to(self._root)) if path.is_relative_to(self._root) else str(path)

    def read(self, path: Path) -> Generator[Fault, None, Item | None]:
        """One file, opened. What is wrong with it is given; then there is no item."""
        file = self.name(path)
        if not path.is_file():
            yield Fault(
                "not-readable", file, 0, "It is not an ordinary file.", "Put an ordinary one there."
            )
            return None
        try:
            content = read_regular(path.resolve(), LARGEST)
            if is_encrypted(content):
                content = self._loader._decrypt_if_vault_data(content)[0]
        except AnsibleError as error:
            yield self._not_opened(file, 0, bytes(content), error)
            return None
        except (OSError, ValueError, RuntimeError) as error:
            why = (
                error.strerror
                if isinstance(error, OSError)
                else "it is larger than 16 MB, or no file"
            )
            yield Fault(
                "not-readable", file, 0, f"It cannot be read: {why}.",
                "Put an ordinary file there that you can read.",
            )  # fmt: skip
            return None
        try:
            item = read_written(bytes(content))
        except NotReadableError as error:
            yield Fault("not-yaml", file, error.line, error.what, error.remedy)
            return None
        for line, sealed in sealed_texts(bytes(content)) if self._unseal else ():
            try:
                self._loader._decrypt_if_vault_data(sealed)
            except AnsibleError as error:
                yield self._not_opened(file, line, sealed, error)
        return item

    def _not_opened(self, file: str, line: int, sealed: bytes, error: AnsibleError) -> Fault:
        """Why a value stays shut: no password is named, or those that are named are wrong."""
        name, tried = _vault_id_of(sealed), _tried(self._loader)
        if not tried:
            return Fault(
                NOT_OPENED, file, line, "It is encrypted, and nothing is named that opens it.",
                f"Name the file, or the program, that has its password, {_where_to_name_it(name)}.",
            )  # fmt: skip
        theirs = [source for one, source in tried if one == name] or [one for _, one in tried]
        sources = list(dict.fromkeys(theirs))
        what, where = f"the password in {sources[0]} does not open it", sources[0]
        if len(sources) > 1:
            what, where = f"no password in {', '.join(sources)} opens it", "one of these files"
        if "no vault secrets were found that could decrypt" not in str(error):
            what = f"{what}: {str(error)[:300]}"
        return Fault(
            NOT_OPENED, file, line, f"It is encrypted under the vault id {name!r}, and {what}.",
            f"Write into {where} the password that it was encrypted with, or name the file that "
            f"has it {_where_to_name_it(name)}.",
        )  # fmt: skip


def _where_to_name_it(name: str) -> str:
    """Where whoever started this names the file with a password.

    ``vault.cfg`` is read by ``sluis`` alone. Plain ``ansible-playbook`` and ansible-runner, which
    have nobody to ask, take an option or a variable.

    Args:
        name: the vault id.
    """
    if playbook_name() and progress_file(os.environ) is None:
        return (
            f"with --vault-id {name}@FILE, or in ANSIBLE_VAULT_PASSWORD_FILE (with ansible-runner, "
            f"in its envvars): vault.cfg is read by sluis alone; {_SEE}"
        )
    return f"in vault.cfg: {name} = FILE; {_SEE}"


def _vault_id_of(sealed: bytes) -> str:
    """The vault id that something was encrypted under, as its first line says."""
    words = sealed.split(b"\n", 1)[0].strip().split(b";")
    return words[3].decode("utf-8", "replace")[:64] if len(words) > 3 else _DEFAULT_ID


def _tried(loader: DataLoader) -> list[tuple[str, str]]:
    """Each vault id of which there is a password, and where that came from."""
    return [
        (str(name), str(getattr(secret, "filename", None) or "what was typed"))
        for name, secret in loader._vault.secrets or ()
    ]


def leave_out_sealed(places: Places, client: str, loader: DataLoader) -> None:
    """Let Ansible go on without files of variables that it cannot open.

    For a look at what is out there only: which files they are is said by the readers, and so
    much as can be seen without them is seen.

    Args:
        places: the project.
        client: client id.
        loader: of this run; it takes such a file for an empty one from here on.
    """
    for folder in ("group_vars", "host_vars"):
        place = places.inventory(client) / folder
        for top in sorted(place.iterdir()) if place.is_dir() else ():
            for path in files_below(top):
                try:
                    content = read_regular(path.resolve(), LARGEST)
                    if is_encrypted(content):
                        loader._decrypt_if_vault_data(content)
                except AnsibleError:
                    loader._FILE_CACHE[str(path)] = {}
                except (OSError, ValueError, RuntimeError):
                    continue  # a link to itself, or no file; the reader says so


def chosen_by_ansible(place: Path, name: str) -> Path | None:
    """What Ansible reads for a host or a group: the first of these that is there, and no other.

    Args:
        place: ``group_vars`` or ``host_vars``.
        name: of the host or the group.
    """
    return next((path for end in ENDINGS if (path := place / f"{name}{end}").exists()), None)


def files_below(top: Path) -> Iterator[Path]:
    """The files of a variable folder that Ansible would read; each real folder once."""
    if not top.is_dir():
        yield top
        return
    folders, seen = [top], set[Path]()
    while folders:
        folder = folders.pop()
        if folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        for path in folder.iterdir():
            if path.name.startswith(".") or path.name.endswith("~"):
                continue
            if path.is_dir():
                folders += [] if path.suffix else [path]  # Ansible goes into no other
            elif path.suffix in ENDINGS:
                yield path


def files_passed_over(top: Path) -> Iterator[tuple[Path, str]]:
    """The files in a variable folder that Ansible would not read for their names, and why."""
    for path in top.rglob("*") if top.is_dir() else ():
        inner = path.relative_to(top).parts
        if any(one.startswith(".") or one.endswith("~") for one in inner) or not path.is_file():
            continue
        if path.suffix in NOTES:
            continue
        dotted = next((one for one in inner[:-1] if Path(one).suffix), None)
        if dotted is not None:
            yield path, f"Ansible goes into no folder with a dot in its name, as {dotted!r}"
        elif path.suffix not in ENDINGS:
            yield path, "Ansible reads no file that ends so"
