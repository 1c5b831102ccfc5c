"""What is found wrong before anything is done: one thing each, with its remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sluis.border.characters import visible
from sluis.errors import SluisError

_LONGEST = 4000
#: a program that an earlier step may bring: a remark, and nothing that is wrong
PROGRAM_LATER = "program-not-looked-at"
#: What keeps a level from being proven, or a question from being asked of what is broken, or will
#: be looked at again before it counts, and nothing from being done: prepare goes on, says it, and
#: a waiver can be signed for it.
_ONLY_LOWERS = frozenset(
    {
        "account-not-known", "person-not-known", "check-not-tried", "clock-off",
        "escrow-password-missing", "owners-not-given", PROGRAM_LATER, "right-missing-for-level",
        "role-missing-for-level",
        "restore-in-use", "role-not-known", "rights-not-asked", "scratch-server-missing",
        "store-not-append-only", "store-on-the-same-machine",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong out there.

    Args:
        host: where, or what it is about.
        code: short and stable.
        what: what is wrong.
        remedy: what to do, with the line or the GRANT to paste.
        written: whether it is wrong in what was written, and not out there.
    """

    host: str
    code: str
    what: str
    remedy: str
    written: bool = False

    @property
    def stops(self) -> bool:
        """Whether prepare could not go on."""
        return self.code not in _ONLY_LOWERS

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON data."""
        return asdict(self)


class OutThereError(SluisError):
    """What is out there would stop the change. ``findings`` holds every one of them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        first = findings[0]
        if len(findings) == 1:
            super().__init__(first.code, first.what, first.remedy)
            return
        lines = [f"{len(findings)} things out there would stop the change."]
        lines += [f"{one.what} What to do: {one.remedy} [{one.code}]" for one in findings]
        super().__init__("not-ready", "\n".join(lines), "Put each of them right. Nothing was done.")


def read_findings(given: Any) -> list[Finding]:
    """Findings as they came back from another task of the same run."""
    names = ("host", "code", "what", "remedy")
    return [
        Finding(
            _text(one, "host"),
            _text(one, "code"),
            _text(one, "what"),
            _text(one, "remedy"),
            one.get("written") is True,
        )
        for one in given or ()
        if isinstance(one, Mapping) and all(name in one for name in names)
    ]


def _text(one: Mapping[str, Any], name: str) -> str:
    return visible(str(one[name]), allowed="\n\t")[:_LONGEST]
