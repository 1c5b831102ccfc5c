"""Copy a database: dump it to files, with the figures of that same moment, and copy those."""

from __future__ import annotations

import os
from dataclasses import replace

from ..border.parts import Ran
from ..errors import SnapshotError
from ..manifest import build_manifest, dumps
from .identity import check_identity
from .kinds import dump as dump_database
from .maker import Copied, Maker, together
from .nonce import nonce_of

#: makes the newest copy of a dump differ from the older generation that is made with it
_GENERATION = "sluis-generation"


def copy_dump(maker: Maker) -> Copied:
    """Dump a database and copy the files.

    Nothing is piped into the engine: its snapshot of half a dump would look whole.

    Raises:
        SnapshotError: the adapter's own, ``wrong-machine``, ``dump-changed``, or what
            ``Maker`` raises.
    """
    asset, request = maker.asset, maker.request
    folder = os.path.join(maker.children.private, "dump")
    os.mkdir(folder, 0o700)
    maker.progress.say("dumping")
    dump = dump_database(asset, folder, nonce_of(maker.secrets), maker.secrets.asset)
    maker.ran.extend(Ran(line) for line in dump.ran)
    maker.warnings.extend(dump.warnings)
    maker.identity = replace(maker.identity, system_identifier=dump.system_identifier)
    check_identity(request.host, request.expected_identity, maker.identity)
    dumped, (older, made) = together(
        lambda: build_manifest(folder), lambda: maker.older_generation(folder, (), ())
    )
    with open(os.path.join(folder, _GENERATION), "w", encoding="utf-8") as file:
        file.write(f"newest at the time of change {request.change}\n")
    before = build_manifest(folder, since=dumped)
    snapshot = maker.backup(folder, (), "copying")
    after = build_manifest(folder, since=before)
    if after != before or any(after.entries.get(p) != e for p, e in dumped.entries.items()):
        raise SnapshotError(
            "dump-changed",
            f"The dump of {asset.id} changed while it was copied.",
            "Find out what writes in the work folder, and run this again.",
        )
    return Copied(
        snapshot_id=snapshot,
        previous_snapshot_id=older,
        older_made_now=made,
        state=dump.state,
        manifest_before=dumps(before),
        manifest_after=None,
        facts=dump.facts,
        bytes=before.bytes,
        items=before.items,
        nonce_placed=not any("nonce" in line for line in dump.warnings),
        found=dump.found,
        found_all=dump.sees_all,
    )
