"""The JSON Schema of the outcome document, for whoever reads it by program.

``docs/outcome.schema.json`` is what this says, and a test compares the two. A field may come
later under the same version; none goes, and none gets another meaning.
"""

from __future__ import annotations

from typing import Any

from sluis.dossier.outcome import Outcome

#: names the version, and is no address
SCHEMA_ID = "urn:sluis:outcome:1"

_TEXT = {"type": "string"}
_FOUND = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": dict.fromkeys(("host", "code", "what", "remedy"), _TEXT),
        "required": ["host", "code", "what", "remedy"],
    },
}
#: what ``prepare`` and ``apply`` say of the run that they made
_RUN = {
    "type": "object",
    "description": "The run that prepare or apply made. It proves nothing; the ledger does.",
    "properties": {
        "ident": _TEXT,
        "ended": _TEXT,
        "ansible_status": {"type": ["integer", "null"]},
        "log": _TEXT,
        "troubles": {"type": "array", "items": _TEXT},
        "errors": _FOUND,
        "went_on_with": {
            **_FOUND,
            "description": "What the look before it found, and did not stop it.",
        },
    },
    "required": ["ident", "ended", "ansible_status", "log", "troubles", "errors"],
}


def outcome_schema() -> dict[str, Any]:
    """The schema, as plain JSON data (draft 2020-12)."""
    schema = Outcome.model_json_schema(mode="serialization")
    schema["properties"] |= {
        "run": _RUN,
        "running": {
            "type": ["string", "null"],
            "description": "With status: who is running this change now, in words.",
        },
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return head | schema
