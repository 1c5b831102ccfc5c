"""The request that an answer is given to, as far as the answer has to agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from sluis.errors import EvidenceError
from sluis.evidence.predicates import Level, Sha256, Utc
from sluis.evidence.typed_words import is_yes

#: how the request, and the form that was sent, are named in a ``shown`` statement
REQUEST = "request"
FORM = "form"
#: documents with such a title are handed over; they are not part of the form's text
HANDED = "document:"


class _Asked(BaseModel):
    # a newer version may ask for more; what it binds, it binds under these names
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class AskedQuestion(_Asked):
    """A question as it was put."""

    id: str
    kind: Literal["confirm", "decision", "name", "role", "remarks"]
    text: str
    hint: str


class AskedWaiver(_Asked):
    """The waiver that the client was asked to accept."""

    asset: str
    accepts: Level | Literal["none"]
    reason: str
    risk: str
    alternative: str
    alternative_hours: float
    ends_on: date


class Asked(_Asked):
    """A request: what an answer is bound to. ``expires_at`` is until when it can be answered."""

    purpose: Literal["signoff", "waiver"]
    client: str
    change: str
    scope_object: Sha256
    plan_object: Sha256 | None
    waiver: AskedWaiver | None = None
    documents: dict[str, Sha256]
    questions: tuple[AskedQuestion, ...]
    expires_at: Utc

    @classmethod
    def from_bytes(cls, data: bytes) -> Asked:
        """Read a recorded request.

        Raises:
            EvidenceError: ``request-unreadable``.
        """
        try:
            return cls.model_validate_json(data)
        except (ValidationError, RecursionError):
            raise EvidenceError(
                "request-unreadable",
                "The recorded request cannot be read.",
                "Read the dossier with the version that wrote it, or a newer one.",
            ) from None


class Put(Protocol):
    """A question as it was put."""

    @property
    def id(self) -> str:
        """By which its answer is kept."""

    @property
    def text(self) -> str:
        """As it was read."""


def first_no(questions: Iterable[Put], confirmed: Mapping[str, str]) -> str:
    """The question that got a no, on one line; empty when none did.

    Args:
        questions: in the order in which they were put.
        confirmed: what was answered, by the question's id.
    """
    for question in questions:
        if is_yes(confirmed.get(question.id, "")) is False:
            return " ".join(question.text.split())
    return ""
