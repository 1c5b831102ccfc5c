"""A way back that the client would be asked to agree to, and that no plan of this change has.

Only an update is put back when it fails. What a restore displaces stays in quarantine, and a
move leaves the old place as it is: whoever reads "we then put back the copy from right before
the change" there would count on something that nobody is going to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sluis.errors import InputError
from sluis.evidence.files import read_through_links
from sluis.places import Places
from sluis.plan.faults import Fault
from sluis.scope.model import ScopeDocument
from sluis.scope.strict_yaml import MAX_BYTES, FormError, read_tree

#: the only runbook that has a way back
_HAS_ONE = "update.yml"
_WHY = {
    "restore.yml": "What a restore displaces stays in quarantine; nothing is put back by itself.",
    "tenant_migration.yml": "A move leaves the old place as it is; nothing is put back by itself.",
}
_CODE = "way-back-nowhere"


def way_back_faults(
    places: Places, folder: Path, playbook: str, scope: ScopeDocument
) -> Iterator[Fault]:
    """What is wrong with ``way_back`` in a scope whose runbook has no way back.

    Args:
        places: the project.
        folder: of the change.
        playbook: file name of the runbook.
        scope: as it was read.
    """
    if not scope.way_back.consent or playbook == _HAS_ONE:
        return
    path = folder / "scope.yml"
    yield Fault(_CODE, str(path.relative_to(places.root)), _line(path), _what(playbook), _REMEDY)


def demand_way_back(scope: ScopeDocument, playbook: str, *, steps: int) -> None:
    """Refuse a plan without a way back for a scope in which the client agrees to one.

    Args:
        scope: as it was read.
        playbook: file name of the runbook.
        steps: of the way back, in the plan.

    Raises:
        InputError: ``way-back-nowhere``.
    """
    if not scope.way_back.consent or steps:
        return
    if playbook != _HAS_ONE:
        raise InputError(_CODE, f"scope.yml: {_what(playbook)}", _REMEDY)
    # without a proven snapshot an update's plan has none, either: that is said as what it is
    if not any(asset.takes_snapshot for asset in scope.assets):
        raise InputError(
            _CODE,
            "scope.yml: The client would agree to a way back, and the plan has none: no asset "
            "takes a snapshot, and software_update_way_back in update.yml has no step.",
            "Describe the way back under software_update_way_back in update.yml. "
            f"Or: {_REMEDY[0].lower()}{_REMEDY[1:]}",
        )


_REMEDY = (
    "Write 'consent: false' there; its words tell the client what happens when it fails, after "
    "'We then put NOTHING back without calling you first.'"
)


def _what(playbook: str) -> str:
    why = _WHY.get(playbook, "Nothing is put back by itself.")
    return (
        "way_back has 'consent: true', so the client would agree to a way back that this change "
        f"does not have. {why}"
    )


def _line(path: Path) -> int:
    try:
        return read_tree(read_through_links(path, MAX_BYTES)).marks["way_back", "consent"][0]
    except (OSError, FormError, LookupError):
        return 0
