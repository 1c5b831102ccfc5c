"""Whether the app sees everything, or may be missing things without being told.

An app without ``Sites.FullControl.All`` was seen to miss retention-labelled files, in delta
and in children, without any error (microsoft-graph-docs#11561). Reading a site's app grants
needs that very right, so whoever may read them has it (site-list-permissions docs).
"""

from __future__ import annotations

from ..graph.connect import Graph
from ..graph.errors import GraphError
from .refused_alone import raise_unless_alone
from .tenant_manifest import Gap


async def full_control_gap(graph: Graph, site_id: str, subject: str) -> Gap | None:
    """``None`` when the app has full control of the site; else what may be missing and why.

    Args:
        site_id: of the site that holds the drive.
        subject: the drive's or site's name.

    Raises:
        GraphError: the service answers no other call either.
    """
    what = "retention-labelled and restricted items"
    if not site_id:
        return Gap(what, subject, "It is not known of which site this drive is a part.")
    try:
        await graph.get(f"/sites/{site_id}/permissions")
    except GraphError as error:
        if error.status == 403:
            return Gap(
                what,
                subject,
                "The app has no Sites.FullControl.All; the service leaves such items out of"
                " every listing without a word (microsoft-graph-docs#11561).",
            )
        await raise_unless_alone(graph, f"/sites/{site_id}", error)
        return Gap(what, subject, f"Whether the app sees them could not be checked: {error.what}")
    return None
