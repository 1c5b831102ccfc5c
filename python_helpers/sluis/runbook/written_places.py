"""Files and folders that look like those which are read, and which nobody would read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from sluis.plan.faults import Fault, looks_like

#: what a client's inventory and a change may hold
OF_CLIENT = ("group_vars", "host_vars", "changes", "vault.cfg", "hosts.yml")
OF_CHANGE = ("scope.yml", "update.yml", "restore.yml", "waivers", "documents", "files")
#: what a client's trust anchors may be in; certificates have names of their own
OF_TRUST = ("keys.json", "allowed_signers", "tsa.json")
_BESIDE_TRUST = (".pem", ".crt", ".cer", ".md", ".bak", ".orig", ".old", ".rej")
#: endings of files that are notes, examples or old copies
NOTES = (".example", ".md", ".txt", ".j2", ".bak", ".orig", ".old", ".rej")
#: files of a change of which there is one; of a client's lists of hosts Ansible reads them all
_ONE_OF = frozenset({"scope.yml", "update.yml", "restore.yml"})
#: folders that are read by their name: one beside them is none of them
_BY_NAME = frozenset({"group_vars", "host_vars", "changes", "waivers", "documents"})


def place_faults(folder: Path, known: Collection[str], root: Path) -> Iterator[Fault]:
    """What in a folder is named almost as something that is read.

    Args:
        folder: a client's inventory, or a change.
        known: what is read in it.
        root: the project's folder; files are named from there.
    """
    there = {item.name for item in folder.iterdir()} if folder.is_dir() else set()
    for name in sorted(there - set(known)):
        if name.startswith(".") or name.endswith("~") or Path(name).suffix in NOTES:
            continue
        right = _twin(name)
        if right in there:
            yield Fault(
                "not-read", str((folder / name).relative_to(root)), 0,
                f"Nobody would read it: {right!r} is read, and it is there as well.",
                f"Write what is missing into {right!r}, and take this one out.",
            )  # fmt: skip
            continue
        near = looks_like(name.lower(), known)
        beside = near in there and not (near in _BY_NAME and (folder / name).is_dir())
        if near is not None and not beside:
            yield Fault(
                "not-read", str((folder / name).relative_to(root)), 0, "Nobody would read it.",
                f"Did you mean {near!r}? Otherwise give it a name that does not look like it.",
            )  # fmt: skip


def trust_faults(folder: Path, root: Path) -> Iterator[Fault]:
    """What lies among a client's trust anchors and is none of them.

    Anchors are few and each is optional but the keys: one by another name is not missed by anybody.

    Args:
        folder: the client's trust folder.
        root: the project's folder; files are named from there.
    """
    there = sorted(item.name for item in folder.iterdir()) if folder.is_dir() else []
    for name in there:
        left_alone = name.startswith(".") or name.endswith("~")
        if name in OF_TRUST or left_alone or Path(name).suffix.lower() in _BESIDE_TRUST:
            continue
        near = looks_like(Path(name.lower()).stem.replace("-", "_"), _TRUST_BY_STEM)
        meant = _TRUST_BY_STEM.get(near or "")
        remedy = f"Did you mean {meant!r}? " if meant is not None and meant not in there else ""
        yield Fault(
            "not-read", str((folder / name).relative_to(root)), 0,
            f"Nobody would read it: anchors are in {', '.join(OF_TRUST)}.",
            f"{remedy}{'Otherwise take' if remedy else 'Take'} it out of this folder.",
        )  # fmt: skip


_TRUST_BY_STEM = {Path(name).stem: name for name in OF_TRUST}


def _twin(name: str) -> str | None:
    """The file of a change that another spelling of its name stands for, as ``update.yaml``."""
    spelled = Path(name.lower())
    right = f"{spelled.stem}.yml"
    return right if right in _ONE_OF and spelled.suffix in (".yml", ".yaml") else None
