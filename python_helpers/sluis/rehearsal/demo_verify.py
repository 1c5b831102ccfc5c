"""The last scene of a story: the dossier is verified, and what verify could not check is shown."""

from __future__ import annotations

from collections import Counter

from sluis.errors import EXIT_APPLIED
from sluis.rehearsal.stage import Stage


def verify_dossier(stage: Stage, change: str) -> None:
    """Verify one dossier, and tell what holds apart from what could not be checked.

    Raises:
        SceneFailedError: something in it does not hold.
    """
    dossier = f"dossiers/{stage.who.client}/{change}"
    verdict = stage.run_json(["sluis", "verify", dossier], expect=EXIT_APPLIED)
    findings = verdict["findings"]
    hold = [item for item in findings if item["verdict"] == "holds"]
    stage.hold(verdict["holds"] is True, f"{len(hold)} findings hold, and none does not")
    unchecked = [item for item in findings if item["verdict"] == "could not be checked"]
    for what, count in Counter(item["what"] for item in unchecked).items():
        stage.say(f"could not be checked: {what}" + (f" ({count} times)" if count > 1 else ""))
