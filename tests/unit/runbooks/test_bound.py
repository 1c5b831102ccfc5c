"""What was bound when a run began is what is bound as long as it goes on (L4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.places import Places
from sluis.plan.tree import Tree
from sluis.runbook import bound
from sluis.runbook.bound import changed_since_start, keep_start
from sluis.runbook.run import Run


def test_L4_what_is_put_back_during_a_run_is_still_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bound, "_AT_START", {})
    run = Run(Places(tmp_path), "practice", "CHG-1", "apply", "update.yml", (), ())
    signed, other = Tree({"a": "1", "b": "1"}), Tree({"a": "1", "b": "2"})
    # without the early refusal nothing is known of the start
    assert changed_since_start(run, signed) == []
    keep_start(run, signed)
    assert changed_since_start(run, signed) == []
    keep_start(run, other)
    (reason,) = changed_since_start(run, signed)
    assert (reason.code, reason.about) == ("changed-during-run", "b changed")
