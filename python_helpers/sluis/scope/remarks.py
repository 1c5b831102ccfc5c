"""What breaks no rule of a scope, and what the engineer ought to know before it is shown."""

from __future__ import annotations

from sluis.scope.model import ScopeDocument


def remarks(document: ScopeDocument) -> tuple[str, ...]:
    """One sentence for each thing, with the line to write.

    Args:
        document: a scope that holds. Special data without an agreement is refused by its rules.
    """
    return tuple(
        f"{asset.id}: it holds personal data and names no processing agreement; the client reads "
        "that. Once there is one, write under that asset: processing_agreement: <its reference>"
        for asset in document.assets
        if asset.data_class == "personal" and asset.processing_agreement is None
    )
