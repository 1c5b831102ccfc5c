"""The files of a client's inventory: which of them Ansible reads, and what is in one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import is_encrypted

from sluis.places import Places
from sluis.plan.faults import Fault
from sluis.plan.written_yaml import Item, NotReadableError, read_written, sealed_texts
from sluis.runbook.written_places import NOTES

#: endings of the files of variables that Ansible reads
ENDINGS = ("", ".yml", ".yaml", ".json")
_NOT_OPENED = (
    "Name the file, or the program, that has its password: see 'Secrets in ansible-vault' in "
    "docs/front-door.md."
)


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
            content = path.read_bytes()
            if is_encrypted(content):
                content = self._loader._decrypt_if_vault_data(content)[0]
        except AnsibleError as error:
            yield _not_opened(file, 0, error)
            return None
        except OSError as error:
            yield Fault(
                "not-readable", file, 0, f"It cannot be read: {error.strerror}.",
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
                yield _not_opened(file, line, error)
        return item


def _not_opened(file: str, line: int, error: AnsibleError) -> Fault:
    return Fault(
        "vault-not-opened", file, line,
        f"It is encrypted, and cannot be opened: {str(error)[:300]}", _NOT_OPENED,
    )  # fmt: skip


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
                    content = path.read_bytes()
                    if is_encrypted(content):
                        loader._decrypt_if_vault_data(content)
                except AnsibleError:
                    loader._FILE_CACHE[str(path)] = {}
                except OSError:
                    continue


def files_below(top: Path) -> Iterator[Path]:
    """The files of a variable folder that Ansible would read, as it finds them."""
    if not top.is_dir():
        yield top
        return
    for path in top.iterdir():
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.is_dir():
            yield from files_below(path)
        elif path.suffix in ENDINGS:
            yield path


def files_passed_over(top: Path) -> Iterator[Path]:
    """The files in a variable folder that Ansible would not read for their endings."""
    for path in top.rglob("*") if top.is_dir() else ():
        inner = path.relative_to(top).parts
        if any(one.startswith(".") or one.endswith("~") for one in inner) or not path.is_file():
            continue
        if path.suffix not in (*ENDINGS, *NOTES):
            yield path
