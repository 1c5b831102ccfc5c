"""What was read from a ledger, ready to be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sluis.evidence.answers import Compared
from sluis.evidence.chain import Page, Problem
from sluis.evidence.predicates import Body
from sluis.evidence.statements import Statement

B = TypeVar("B", bound=Body)


@dataclass(frozen=True)
class View:
    """A ledger as it stood when it was read.

    ``statements`` are those whose own signature and form hold, in order. They may be
    relied on only when ``problems`` is empty: a problem anywhere means that the
    story is not whole. ``head`` is the digest of the newest file; ``witnessed`` the
    number of the statement that the witness names. ``answers`` is what came of comparing
    each answer of the client with what lies under it.
    """

    statements: tuple[Statement, ...]
    problems: tuple[Problem, ...]
    head: str | None
    witnessed: int | None = None
    answers: tuple[Compared, ...] = field(default=(), repr=False)
    pages: tuple[Page, ...] = field(default=(), repr=False)
    anchors_sha256: str = field(default="", repr=False)

    def of(self, model: type[B]) -> tuple[Statement[B], ...]:
        """All statements of one kind, oldest first."""
        return tuple(
            item  # type: ignore[misc]
            for item in self.statements
            if isinstance(item.body, model)
        )

    def latest(
        self, model: type[B], where: Callable[[Statement[B]], bool] | None = None
    ) -> Statement[B] | None:
        """The newest statement of one kind for which ``where`` is true, if any."""
        for item in reversed(self.statements):
            if isinstance(item.body, model) and (where is None or where(item)):  # type: ignore[arg-type]
                return item  # type: ignore[return-value]
        return None

    def unproven(self, answer: Statement) -> str:
        """Why an answer of the client could not be compared with what lies under it, or "".

        Only an answer under the client's own key can be compared; one that was given beside
        the operator rests on the operator's word.
        """
        for item in self.answers:
            if item.answer.sha256 == answer.sha256 and item.answer.body.tier == "ssh-key":
                signature = "" if item.signature_holds else item.signature
                return item.unproven or signature
        return ""

    def find(self, digest: str) -> Statement | None:
        """The statement with this digest, if it is in the ledger."""
        for item in self.statements:
            if item.sha256 == digest:
                return item
        return None
