"""Questions in ``scope.yml`` that nobody has answered yet, each with its line."""

from __future__ import annotations

from collections.abc import Iterator

from sluis.scope.complaints import Problem
from sluis.scope.load import LoadedScope
from sluis.scope.strict_yaml import read_tree


def unanswered(loaded: LoadedScope) -> Iterator[Problem]:
    """What the gate would refuse after everything was copied, said as something written.

    Args:
        loaded: a scope that holds, with the bytes it was read from.
    """
    marks = read_tree(loaded.source, {}).marks
    for number, asset in enumerate(loaded.document.assets):
        for place, question in enumerate(asset.open_questions):
            line, column = marks[("assets", number, "open_questions", place)]
            yield Problem(
                "open-question", line, column, asset.id, "open_questions",
                f"is still open: {question.question}",
                "Have it answered, write the answer into the scope, and take the question out.",
            )  # fmt: skip
