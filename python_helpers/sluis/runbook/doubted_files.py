"""Files of an export that are not known to be right, and the lines by which a client takes them.

What stands in the scope is bound by the signature: path and digest of each. Other bytes of the
same file are other bytes, for which nobody signed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sluis.evidence.predicates import FetchedFile
from sluis.scope.as_it_came import spelled
from sluis.scope.moving import FromTenant, Origin
from sluis.tenant.tenant_manifest import HAD, ManifestLine

#: what the service's size and hash may say of a file that is still the service's own
GOOD = ("equal", "rewritten by the service", "stale metadata")
#: what is no doubt of a server or a folder while people work there: the last pass, after they
#: stopped, reads it again, and never says this
DURING = "edited meanwhile"
CORRUPT = "corrupt"
#: files that a statement names
MOST_NAMED = 1000


@dataclass(frozen=True)
class Doubts:
    """What a manifest says of the files that are had.

    Args:
        counted: files by what their check says.
        doubted: files that nobody signed for or that are corrupt, the first of them.
        doubted_in_all: how many there are.
        as_it_came: files that are in the scope, to be taken as they came.
    """

    counted: Mapping[str, int] = field(default_factory=dict)
    doubted: tuple[FetchedFile, ...] = ()
    doubted_in_all: int = 0
    as_it_came: tuple[FetchedFile, ...] = ()


def doubts_in(lines: Iterable[ManifestLine], origin: Origin | None) -> Doubts:
    """Hold the files of a pass against what the scope takes as it came.

    Args:
        lines: of the pass's manifest.
        origin: of the asset.
    """
    taken = {(one.path, one.sha256) for one in origin.as_it_came} if origin else set()
    good = GOOD if isinstance(origin, FromTenant) else (*GOOD, DURING)
    counted: Counter[str] = Counter()
    doubted: list[FetchedFile] = []
    as_it_came: list[FetchedFile] = []
    for line in lines:
        if line.type != "file" or line.state != HAD:
            continue
        check = line.check or "not verified"
        counted[check] += 1
        if check in good or line.sha256 is None:
            continue
        file = FetchedFile(
            path=spelled(line.path), sha256=line.sha256, check=check, note=line.check_note or "",
            doubt=line.doubt,
        )  # fmt: skip
        # what is damaged is taken by nobody; it is named with the others
        if check != CORRUPT and (file.path, file.sha256) in taken:
            as_it_came.append(file)
        else:
            doubted.append(file)
    return Doubts(counted, tuple(doubted[:MOST_NAMED]), len(doubted), tuple(as_it_came))
