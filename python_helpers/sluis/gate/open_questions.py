"""Questions about the data that nobody has answered yet."""

from __future__ import annotations

from sluis.evidence.predicates import Reason
from sluis.gate.demand import Evidence, reason

#: of such a reason
OPEN_QUESTION = "open-question"


def open_questions(evidence: Evidence) -> list[Reason]:
    """An unanswered question blocks the disposition it is about (case B3)."""
    return [
        reason(
            OPEN_QUESTION,
            asset.id,
            f"A question about {asset.id} is still open: {question.question}",
            "Have it answered, write the answer into the scope, and have that signed.",
        )
        for asset, question in (evidence.scope.open_questions() if evidence.scope else ())
    ]
