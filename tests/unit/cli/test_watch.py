"""What a run says about itself becomes an error with a reason and a remedy."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sluis.cli.progress import progress_on
from sluis.cli.runlog import RunLog
from sluis.cli.watch import Watch


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("[ERROR]: Attempting to decrypt but no vault secrets found.", "vault-not-opened"),
        ("[ERROR]: The vault password file /a was not found", "vault-not-opened"),
        (
            "[ERROR]: reaches-outside: It reads what no signature covers. Keep it in a vault file.",
            "ansible-failed",
        ),
    ],
)
def test_F11_only_what_a_vault_says_is_an_error_of_a_vault(
    tmp_path: Path, said: str, code: str
) -> None:
    log = RunLog(tmp_path, "prepare", "one", datetime(2030, 1, 1, tzinfo=UTC))
    watch = Watch(progress_on(Console(file=StringIO())), log)
    watch.on_event({"event": "error", "stdout": said})
    log.close()
    (error,) = watch.errors
    assert error["code"] == code


def _watch(tmp_path: Path) -> Watch:
    log = RunLog(tmp_path, "apply", "one", datetime(2030, 1, 1, tzinfo=UTC))
    return Watch(progress_on(Console(file=StringIO())), log)


def _failed(kind: str, **result: object) -> dict[str, object]:
    data = {"host": "balie", "task": "Restore beside and compare", "res": result}
    return {"event": kind, "event_data": data}


def test_newcomer_of_a_loop_its_items_say_why_it_failed(tmp_path: Path) -> None:
    """ "One or more items failed" is no cause, and stood there without a full stop."""
    ours = {"code": "other-store", "what": "It lies in another store", "remedy": "Name it."}
    watch = _watch(tmp_path)
    item = {"failed": True, "msg": "other-store: It lies in another store.", "sluis": ours}
    watch.on_event(_failed("runner_item_on_failed", **item))
    watch.on_event(_failed("runner_on_failed", msg="One or more items failed", results=[item]))
    assert [(one["code"], one["what"]) for one in watch.errors] == [
        ("other-store", "It lies in another store.")
    ]
    theirs = [{"failed": True, "msg": "no room left"}, {"failed": False, "msg": "All items done"}]
    watch.on_event(_failed("runner_on_failed", msg="One or more items failed", results=theirs))
    assert watch.errors[-1]["what"] == "Restore beside and compare: no room left."
