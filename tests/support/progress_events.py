"""Reads what ``--progress json`` told, and holds each event against its JSON Schema."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from sluis.cli.progress_event import progress_schema

VALIDATOR = Draft202012Validator(progress_schema())


def events(said: str) -> list[dict[str, Any]]:
    """The events on standard error, one a line and nothing else."""
    found = [json.loads(line) for line in said.splitlines()]
    for one in found:
        VALIDATOR.validate(one)
    return found
