"""An item of which nobody knows who may reach it is not opened behind the client's back (M4)."""

from __future__ import annotations

import asyncio

import pytest

from sluis.graph.connect import Graph, open_graph
from sluis.graph.errors import GraphError
from sluis.graph.links import segment
from sluis.tenant.import_policy import ImportPolicy
from support.two_tenants import PATIENCE, account


@pytest.fixture
def refused(move, monkeypatch):
    """A file and a folder with rights of their own, which the service does not tell."""
    control, drive = move.source.control, move.from_drive
    control.add_file(drive, "Board/minutes.txt", b"secret")
    control.add_file(drive, "Board/open.txt", b"open")

    async def shared():
        async with open_graph(account(move.source), patience=PATIENCE) as graph:
            for path in ("Board", "Board/minutes.txt"):
                item = await graph.get(f"/drives/{segment(drive)}/root:/{path}")
                place = f"/drives/{segment(drive)}/items/{segment(item['id'])}"
                await graph.post(f"{place}/createLink", {"type": "view", "scope": "organization"})

    asyncio.run(shared())
    pages = Graph.pages

    async def refusing(self, path, **more):
        if path.endswith("/permissions") and "/drives/" in path:
            raise GraphError("graph-forbidden", "Graph answered 403.", "-", status=403)
        async for page in pages(self, path, **more):
            yield page

    with monkeypatch.context() as patch:
        patch.setattr(Graph, "pages", refusing)
        move.export()
    return move


@pytest.mark.parametrize("permissions", [True, False])
def test_M4_nothing_starts_until_the_client_signed_for_it(refused, permissions):
    report = refused.bring_over(ImportPolicy(permissions=permissions))
    assert report.outcome == "refused"
    assert [one.code for one in report.reasons] == ["rights-not-had"]
    assert report.rights_not_had == ("Board", "Board/minutes.txt")
    assert refused.there() == {}
    signed = ImportPolicy(permissions=permissions, leave_out=frozenset({"rights-not-had"}))
    assert refused.bring_over(signed).outcome == "done"
    result = refused.reconcile(signed)
    noted = {line.path for line in result.lines if any("not known" in n for n in line.notes)}
    assert noted == {"Board", "Board/minutes.txt"}
