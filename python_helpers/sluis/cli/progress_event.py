"""One event of a run for a program that watches it, and the JSON Schema of all of them.

``docs/progress.schema.json`` is what this says, and a test compares the two. A field or a kind of
event may come later under the same version; none goes, and none gets another meaning.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

#: names the version, and is no address
SCHEMA_ID = "urn:sluis:progress:1"


class ProgressEvent(BaseModel):
    """One thing that happened while a verb was at work. For the eye; it proves nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    at: datetime = Field(description="When it was told, UTC.")
    event: Literal[
        "play", "task", "at work", "ok", "changed", "failed", "unreachable", "word", "error"
    ] = Field(
        description="play: a part of the runbook begins. task: a task begins. at work: how far "
        "something is. ok, changed, failed, unreachable: how a task ended on a host. word: "
        "something to read. error: what made the verb itself end; code and remedy belong to it."
    )
    text: str
    host: str | None = None
    asset: str | None = Field(default=None, description="With 'at work': what it is about.")
    detail: str | None = Field(default=None, description="What a host says of a failure.")
    done: float | None = Field(default=None, ge=0, le=1, description="The part that is done.")
    bytes: int | None = Field(default=None, ge=0)
    items: int | None = Field(default=None, ge=0)
    code: str | None = None
    remedy: str | None = None

    def as_line(self) -> str:
        """The event on one line, in ASCII so that any locale can."""
        return self.model_dump_json(ensure_ascii=True) + "\n"


def progress_schema() -> dict[str, Any]:
    """The schema, as plain JSON data (draft 2020-12)."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return head | ProgressEvent.model_json_schema(mode="serialization")
