"""What a module itself says was the cause of its failure is in the record, not only in a log."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils._internal._messages import ErrorSummary, Event, EventChain

from sluis.runbook.step_end import own_cause

WHY = "[Errno 2] No such file or directory: b'/nix/psql'"
TOLD = "[Errno 2] No such file or directory: '/nix/psql'"
CHAIN = ErrorSummary(
    event=Event(
        msg="Error executing command.",
        chain=EventChain(msg_reason="<<<", traceback_reason="x", event=Event(msg=WHY)),
    )
)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"exception": CHAIN}, TOLD),
        ({"exception": f"Traceback (most recent call last):\n  File x\nOSError: {WHY}\n"},
         f"OSError: {TOLD}"),
        ({"exception": CHAIN, "stderr": "psql: no such table"}, ""),
        ({"exception": ErrorSummary(event=Event(msg="Error executing command."))}, ""),
        ({"exception": None}, ""), ({"exception": 5}, ""), ({}, ""),
    ],
)  # fmt: skip
def test_newcomer_the_cause_is_named_where_the_program_wrote_nothing(
    more: dict[str, Any], told: str
) -> None:
    result = {"msg": "Error executing command.", "rc": 2, "stdout": "", "stderr": ""} | more
    assert own_cause(result) == told
