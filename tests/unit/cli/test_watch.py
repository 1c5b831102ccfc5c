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
