"""Everything that decides what a run of a change does: one list of names and digests.

What is in the list, and what is not, is said in ``docs/decisions/0122-what-is-bound.md``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import sluis
from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.files import read_regular
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Plan, Reason
from sluis.places import VAULT_SETTINGS, Places, change_id, client_id
from sluis.plan.endless import endless
from sluis.plan.faults import STAYS_SHUT
from sluis.plan.reach import Reach
from sluis.plan.settled import named_texts, unsettled
from sluis.plan.templates import is_sealed, outside_of_yaml, reaches_outside
from sluis.plan.walk import Stamps, Walk

#: of a change's folder, what is a signed document by itself and decides nothing that runs
_SIGNED_ELSEWHERE = frozenset({"waivers"})
#: descriptions in a change's folder that Ansible templates
_DESCRIPTIONS = ("update.yml", "restore.yml")
_VARS_ENDINGS = ("", ".yml", ".yaml", ".json")


@dataclass(frozen=True)
class _Known:
    """A file of variables: what it reaches for and in which line, and its texts by variable."""

    reached: dict[str, int | None]
    texts: tuple[tuple[str, str], ...]


#: opens what ansible-vault encrypted; ``None`` when nothing at hand does
Opener = Callable[[bytes], bytes | None]

#: By the digest of the file as it lies there. What was opened once is known of in each process
#: that is forked later, which has nothing to open it with.
_KNOWN: dict[str, _Known] = {}


@dataclass(frozen=True)
class Tree:
    """What was found.

    Args:
        entries: digest by name. A name is a path from the project's folder, or says which
            host or group of the inventory it is about.
        reasons: why a run of this tree is refused, whatever was signed.
        stamps: how each item looked to the kernel.
    """

    entries: dict[str, str]
    reasons: tuple[Reason, ...] = ()
    stamps: Stamps = field(default_factory=dict, compare=False, repr=False)

    def to_bytes(self) -> bytes:
        """The list as canonical JSON, as it is kept in a dossier."""
        return canonical(self.entries)

    @cached_property
    def sha256(self) -> str:
        """Digest of :meth:`to_bytes`."""
        return sha256(self.to_bytes())


def read_tree(
    places: Places, client: str, change: str, reach: Reach, opener: Opener | None = None
) -> Tree:
    """Read playbooks, roles, settings, the package, the change, and what the change can reach.

    Args:
        places: the project.
        client: client id.
        change: change id.
        reach: the inventory as Ansible resolved it.
        opener: opens files of variables that are encrypted, so that it is known what their
            templates read; one that it does not open is a reason to refuse. Without it nothing
            is said of them.
    """
    named = f"inventories/{client_id(client)}"
    described = f"{named}/changes/{change_id(change)}"
    package = Path(sluis.__file__).parent
    walk, sources = Walk(places.root, package), Walk(places.root, package)
    walk.root("playbooks", code=True)
    walk.root("roles", code=True)
    walk.package()
    walk.file("ansible.cfg")
    for name in (VAULT_SETTINGS, f"{named}/{VAULT_SETTINGS}"):
        # a program that is named there is run
        if os.path.lexists(places.root / name):
            walk.file(name)
    walk.root(described, skip=_SIGNED_ELSEWHERE)
    walk.entries |= {f"{named} ({what})": digest for what, digest in reach.entries.items()}
    # what the lists of hosts say is bound as it was understood; here only what they are
    sources.root(named, skip=("changes", "group_vars", "host_vars"))
    variables = [f"{described}/{name}" for name in _DESCRIPTIONS]
    variables += walk.root(f"{named}/group_vars", only=_file_names(reach.groups))
    variables += walk.root(f"{named}/host_vars", only=_file_names(reach.hosts))
    reasons = [*reach.reasons, *walk.reasons, *sources.reasons]
    reasons += endless(places.root, [f"{named}/group_vars", f"{named}/host_vars"])
    looked = {name: _known(places.root, name, walk.entries, opener) for name in variables}
    reasons += _templates(looked)
    reasons += unsettled([*reach.texts, *_texts(looked)])
    return Tree(walk.entries, tuple(dict.fromkeys(reasons)), walk.stamps | sources.stamps)


def variable_reasons(places: Places, client: str) -> list[Reason]:
    """Why Ansible must not read the client's files of variables: it would wait, or never end.

    For a look without a change; :func:`read_tree` says it of a change.
    """
    named = [f"inventories/{client_id(client)}/{name}" for name in ("group_vars", "host_vars")]
    walk = Walk(places.root, Path(sluis.__file__).parent)
    for name in named:
        walk.root(name)
    return [*walk.reasons, *endless(places.root, named)]


def differences(signed: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
    """What changed, came or went, each by its name and in words.

    Args:
        signed: the entries of the signed tree.
        now: the entries as they are now.
    """
    words = {True: "changed", False: "came"}
    return tuple(
        f"{name} {'went' if name not in now else words[name in signed]}"
        for name in sorted(signed.keys() | now.keys())
        if signed.get(name) != now.get(name)
    )


def changed_since_plan(tree: Tree, view: View, objects: ObjectStore) -> tuple[str, ...]:
    """What is not as it was when the newest plan was made, by name and in words.

    Args:
        tree: as it is now.
        view: the ledger, whose newest plan names the signed list.
        objects: the dossier's objects.

    Returns:
        Nothing when all is the same, and when the signed list cannot be read.
    """
    plan = view.latest(Plan)
    if plan is None or plan.body.tree_sha256 == tree.sha256 or plan.body.tree_object is None:
        return ()
    try:
        signed = json.loads(objects.get(plan.body.tree_object))
    except (EvidenceError, ValueError):
        return ()
    return differences(signed, tree.entries) if isinstance(signed, dict) else ()


def file_sha256(path: Path) -> str:
    """SHA-256 of one file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def path_sha256(path: Path) -> str:
    """SHA-256 of a file, or of the canonical list of a folder's files."""
    if path.is_dir():
        walk = Walk(path, path)
        walk.folder(os.fsencode(path), "/")
        return sha256(canonical(walk.entries))
    return file_sha256(path)


def _file_names(names: Iterable[str]) -> frozenset[str]:
    """What Ansible looks for, on a disk that may not tell upper from lower case."""
    return frozenset(f"{name}{ending}".casefold() for name in names for ending in _VARS_ENDINGS)


def _templates(looked: Mapping[str, _Known | Reason | None]) -> list[Reason]:
    found = []
    for name, known in looked.items():
        if isinstance(known, Reason):
            found.append(known)
        elif known is not None and known.reached:
            found.append(reaches_outside(name, known.reached))
    return found


def _texts(looked: Mapping[str, _Known | Reason | None]) -> Iterator[tuple[str, str, str]]:
    for name, known in looked.items():
        for variable, text in known.texts if isinstance(known, _Known) else ():
            yield name, variable, text


def _known(
    root: Path, name: str, entries: dict[str, str], opener: Opener | None
) -> _Known | Reason | None:
    digest = entries.get(name)
    if digest is None:
        return None
    if digest not in _KNOWN:
        try:
            place = (root / name.removeprefix("linked/")).resolve()
            content = read_regular(place, sys.maxsize)
        except (OSError, ValueError, RuntimeError):
            return None  # a folder's link, or gone since; what is wrong is said elsewhere
        digest = hashlib.sha256(content).hexdigest()
        plain: bytes | None = content
        if is_sealed(content):
            if opener is None:
                return None
            plain = opener(content)
        if plain is None:
            return _stays_shut(name)
        reached = outside_of_yaml(plain)
        # what cannot be read is refused for that; a text that is no template may be a secret
        texts = [] if reached else [(one, t if "{" in t else "") for one, t in named_texts(plain)]
        _KNOWN[digest] = _Known(reached, tuple(texts))
    return _KNOWN[digest]


def _stays_shut(name: str) -> Reason:
    return Reason(
        code=STAYS_SHUT,
        about=name[:300],
        sentence="It is encrypted, and nothing that was given opens it: nobody can say what it "
        "reads when it is used.",
        remedy="Name the file, or the program, that has its password: in vault.cfg for sluis; with "
        "--vault-id, or in ANSIBLE_VAULT_PASSWORD_FILE, for ansible-playbook and ansible-runner.",
    )
