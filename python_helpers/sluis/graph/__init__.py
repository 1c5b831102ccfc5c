"""Microsoft Graph as a protocol: sign-in, pacing, paging, transfer, quickXorHash.

The room knows no dossier and no tenant's content; it moves bytes and proves what it moved.
Start at :func:`sluis.graph.connect.open_graph`.
"""
