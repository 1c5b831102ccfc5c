"""Keys of the client that could not sign: found before anybody is asked to.

The form is OpenSSH's (ssh-keygen(1), "ALLOWED SIGNERS"): who, options, kind of key, key. To OpenSSH
a key that counts for another namespace is wrong only when its signature comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from sluis.errors import EvidenceError, InputError
from sluis.evidence.ssh_signatures import NAMESPACE
from sluis.plan.faults import Fault, did_you_mean
from sluis.scope.model import ScopeDocument

_FILE = "allowed_signers"
_LARGEST = 1024 * 1024
_KIND = re.compile(r"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+")
#: who; options, in which a quoted text may hold blanks; kind; key
_LINE = re.compile(
    r'(?P<who>"[^"]*"|\S+)[ \t]+'
    r'(?:(?P<options>(?:[^\s"]|"(?:\\.|[^"\\])*")+)[ \t]+)??'
    rf"(?P<kind>{_KIND.pattern})[ \t]+(?P<key>[A-Za-z0-9+/=]+)(?:[ \t].*)?"
)
#: OpenSSH's words for a line that is for something else
_NOT_FOR_THIS = "not permitted for use in signature namespace"
_QUOTED = re.compile(r'"[^"]*"')
_OPTIONS = ("cert-authority", "namespaces", "valid-after", "valid-before")
_NAMESPACES = re.compile(r'(?:^|,)namespaces="(?P<names>[^"]*)"', re.IGNORECASE)


@dataclass(frozen=True)
class _Signer:
    line: int
    who: tuple[str, ...]
    namespaces: str | None

    @property
    def counts(self) -> bool:
        """Whether a signature under a change counts with this line."""
        if self.namespaces is None:
            return True
        patterns = [one.strip() for one in self.namespaces.split(",") if one.strip()]
        refused = [one[1:] for one in patterns if one.startswith("!")]
        taken = [one for one in patterns if not one.startswith("!")]
        return not _fits(NAMESPACE, refused) and _fits(NAMESPACE, taken)


def signer_faults(trust: Path, root: Path, scope: ScopeDocument | None) -> Iterator[Fault]:
    """What is wrong with the keys that the client signs with.

    Args:
        trust: the client's trust folder.
        root: of the project.
        scope: whose signers name keys; ``None``: it could not be read.
    """
    path = trust / _FILE
    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return  # the anchors say so
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    signers = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            yield Fault(
                "allowed-signers-form", name, number,
                "This line is no signer: it has no name, kind of key and key in that order.",
                f'Write it as: NAME namespaces="{NAMESPACE}" ssh-ed25519 AAAA…; docs/examples.md '
                "shows one.",
            )  # fmt: skip
            continue
        yield from _no_options(name, number, found["options"] or "")
        said = _NAMESPACES.search(found["options"] or "")
        who = tuple(one for one in found["who"].strip('"').split(",") if one)
        signers.append(_Signer(number, who, said["names"] if said else None))
    yield from _for_something_else(name, signers)
    yield from _unknown(name, signers, scope)


def our_slip(trust: Path, root: Path, error: EvidenceError) -> InputError | None:
    """The slip in the file itself by which a client's signature does not count.

    The client did as they were asked then, and nobody is to ask them for another one.

    Args:
        trust: the client's trust folder.
        root: of the project.
        error: what was wrong with the signature.
    """
    if error.code != "signature-not-trusted" and _NOT_FOR_THIS not in error.what:
        return None
    for one in signer_faults(trust, root, None):
        place = f"{one.file}, line {one.line}"
        return InputError(one.code, f"{error.what} {place}: {one.what}", one.remedy)
    return None


def _no_options(name: str, number: int, options: str) -> Iterator[Fault]:
    """OpenSSH passes over a line with an option that it does not know."""
    for one in _QUOTED.sub("", options).split(","):
        option = one.partition("=")[0].strip()
        if option and option.lower() not in _OPTIONS:
            yield Fault(
                "allowed-signers-form", name, number,
                f"{option[:60]!r} is no option of such a line, so OpenSSH passes over all of it.",
                did_you_mean(option, _OPTIONS, f'write namespaces="{NAMESPACE}".'),
            )  # fmt: skip


def _for_something_else(name: str, signers: list[_Signer]) -> Iterator[Fault]:
    able = [who for one in signers if one.counts for who in one.who]
    for one in signers:
        # a key may have a line for another use beside the one that counts here
        if not one.counts and not all(_fits(who, able) for who in one.who):
            yield Fault(
                "signer-namespace", name, one.line,
                f"The key of {', '.join(one.who)[:200]} counts for {one.namespaces!r}, and not for "
                f"{NAMESPACE!r}: what the client signs with it would be refused.",
                f'Write in that line: namespaces="{NAMESPACE}".',
            )  # fmt: skip


def _unknown(name: str, signers: list[_Signer], scope: ScopeDocument | None) -> Iterator[Fault]:
    known = [who for one in signers for who in one.who]
    for signer in scope.signers if scope is not None else ():
        wanted = signer.ssh_principal
        if wanted is not None and not _fits(wanted, known):
            yield Fault(
                "no-such-signer", name, 0,
                f"scope.yml binds {signer.name} to the key of {wanted!r}, and there is no line of "
                "that name.",
                did_you_mean(wanted, known, "put the client's public key there, with that name."),
            )  # fmt: skip


def _fits(name: str, patterns: list[str]) -> bool:
    """OpenSSH's patterns know ``*`` and ``?`` only."""
    return any(fnmatchcase(name, one.replace("[", "[[]")) for one in patterns)
