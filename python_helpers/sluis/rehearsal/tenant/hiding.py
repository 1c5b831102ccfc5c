"""What an app without full control does not see (microsoft-graph-docs#11561)."""

from __future__ import annotations

from sluis.rehearsal.tenant.items import Item


def is_hidden(item: Item) -> bool:
    """Whether only an app with full control sees the item."""
    return item.extras is not None and bool(item.extras.retention)
