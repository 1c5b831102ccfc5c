"""The command, run as a ticketing system runs it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from jsonschema import Draft202012Validator

from sluis.dossier.schema import outcome_schema
from support.progress_events import events
from support.signed_change import ANSIBLE, LabChange

OUTCOME = Draft202012Validator(outcome_schema())

#: verbs that run a playbook
_RUNS = ("check", "prepare", "apply", "forecast", "adopt", "discover", "landing")


def sluis(change: LabChange, *words: str) -> tuple[int, dict[str, Any]]:
    """Run the command as a ticketing system does; nothing but JSON on either output."""
    as_events = ["--progress", "json"] if words[0] in _RUNS else []
    found = subprocess.run(
        [ANSIBLE / "sluis", *words, "--json", *as_events],
        cwd=change.root,
        env=change.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    document = json.loads(found.stdout)
    if as_events:
        told = events(found.stderr)
        # a run is never silent; what was wrong before it is one event
        # (--told only writes something down; a look that Ansible could not begin did not run)
        assert told or "--told" in words or document.get("not_looked_at"), (words, document)
    if "state" in document:
        OUTCOME.validate(document)
    return found.returncode, document
