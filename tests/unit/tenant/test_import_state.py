from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace

import pytest

from sluis.errors import EvidenceError, InputError
from sluis.tenant.import_state import ImportState, Row

_ROW = Row("id \udcff", "path \ud800", "target", "sending", "sha", 3, session_url="https://secret")


def test_rows_come_back_as_they_were_kept(tmp_path):
    with ImportState(tmp_path / "state") as state:
        state.announce([_ROW])
        state.session("other", "https://nobody")
        assert list(state.rows()) == [_ROW]
        state.keep(replace(_ROW, step="sent", session_url=None))
    with ImportState(tmp_path / "state") as state:
        assert [row.step for row in state.rows()] == ["sent"]
        state.forget(_ROW.source_id)
        assert not list(state.rows())


def test_upload_urls_are_secrets(tmp_path):
    assert "secret" not in repr(_ROW)
    with ImportState(tmp_path / "state"):
        for name in ("state", "state.lock"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_what_was_there_before_is_kept_once(tmp_path):
    with ImportState(tmp_path / "state") as state:
        assert state.before() is None
        state.keep_before(["a", "b"])
        assert state.before() == {"a", "b"}


def test_a_state_is_never_used_for_another_target(tmp_path):
    with ImportState(tmp_path / "state") as state:
        state.bind("drive", "folder")
        state.bind("drive", "folder")
        with pytest.raises(EvidenceError) as refusal:
            state.bind("drive", "")
        assert refusal.value.code == "state-of-another-import"


def test_two_imports_at_once_with_one_state_are_refused(tmp_path):
    with ImportState(tmp_path / "state"):
        with pytest.raises(InputError) as refusal:
            ImportState(tmp_path / "state")
        assert refusal.value.code == "import-is-running"
    ImportState(tmp_path / "state").close()


def test_a_damaged_state_is_not_begun_anew(tmp_path):
    (tmp_path / "state").write_bytes(b"not a database" * 100)
    with pytest.raises(EvidenceError) as refusal:
        ImportState(tmp_path / "state")
    assert refusal.value.code == "import-state-unreadable"


def test_what_was_announced_outlives_a_kill(tmp_path):
    told = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from sluis.tenant.import_state import ImportState, Row\n"
        "state = ImportState(Path(sys.argv[1]))\n"
        "state.announce(Row(str(n), 'p', 't', 'sending') for n in range(3))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, tmp_path / "state"], env={**os.environ}, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with ImportState(tmp_path / "state") as state:
        assert [row.source_id for row in state.rows()] == ["0", "1", "2"]
