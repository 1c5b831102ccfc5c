"""What breaks no rule of a scope, and what the engineer ought to know before it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sluis.scope.model import ScopeDocument

#: a count that is older (days) says little of what is there now
_OLD = 90


def remarks(document: ScopeDocument, today: date) -> tuple[str, ...]:
    """One sentence for each thing, with the line to write.

    Args:
        document: a scope that holds. Special data without an agreement is refused by its rules.
        today: where the client is.
    """
    return (*_without_agreement(document), *_counted_long_ago(document, today))


def _without_agreement(document: ScopeDocument) -> Iterator[str]:
    for asset in document.assets:
        if asset.data_class == "personal" and asset.processing_agreement is None:
            yield (
                f"{asset.id}: it holds personal data and names no processing agreement; the client "
                "reads that. Once there is one, write under that asset: processing_agreement: "
                "<its reference>"
            )


def _counted_long_ago(document: ScopeDocument, today: date) -> Iterator[str]:
    for asset in document.assets:
        days = (today - asset.counted_on).days
        if days > _OLD:
            yield (
                f"{asset.id}: it was counted on {asset.counted_on}, {days} days ago, and the "
                "client signs those figures. Count it again, and write size, items, newest and "
                "counted_on anew."
            )
