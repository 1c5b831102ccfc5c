"""L25: what a host says of its progress is typed, bounded and cleaned before anybody sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.connection import ssh
from hypothesis import given
from hypothesis import strategies as st

from sluis.cli.private import PrivateFolder
from sluis.runbook import following
from sluis.runbook.following import Following, newest_line
from sluis.runbook.own_folder import PROGRESS, PROGRESS_FILE
from sluis.runbook.progress_line import LONGEST_LINE, passed_on

LINE = {"asset": "files", "phase": "copying", "done": 0.5, "seconds": 3.5, "bytes": 10, "items": 2}


def raw(**changes: Any) -> bytes:
    return json.dumps({**LINE, **changes}).encode()


def test_a_line_of_ours_is_passed_on() -> None:
    assert json.loads(passed_on(raw(), "files") or b"") == LINE
    assert json.loads(passed_on(raw(), None) or b"") == LINE


def test_L25_texts_are_cleaned() -> None:
    line = passed_on(raw(phase="\x1b[2Jdone\n\u202efake" + "x" * 500), "files")
    assert line is not None
    phase = json.loads(line)["phase"]
    assert phase.isprintable()
    assert len(phase) <= 120


@pytest.mark.parametrize(
    "line",
    [
        raw(asset="other"), raw(asset="../x"), raw(asset=5), raw(done=2), raw(done="1"),
        raw(done=float("nan")), raw(bytes=-1), raw(bytes=1 << 80), raw(more="x"), raw(items=True),
        raw(phase="x" * LONGEST_LINE), b"", b"[]", b"\xff", b"{" * 1000,
    ],
)  # fmt: skip
def test_L25_a_line_that_is_none_is_left_out(line: bytes) -> None:
    assert passed_on(line, "files") is None


@given(st.binary() | st.text().map(str.encode))
def test_L25_no_bytes_bring_us_down(line: bytes) -> None:
    assert passed_on(line, None) is None


def test_the_newest_whole_line() -> None:
    assert newest_line(b"one\ntwo\nhal") == b"two"
    assert newest_line(b"half") == newest_line(b"") == b""


class _Liar:
    """A connection to a host whose ``tail`` says what it likes."""

    _load_name = "ssh"
    _original_path = ssh.__file__

    def __init__(self, said: bytes) -> None:
        self.said, self.asked = said, 0

    def get_options(self) -> dict[str, Any]:
        return {}

    def exec_command(self, _command: str, *, sudoable: bool) -> tuple[int, bytes, bytes]:
        assert not sudoable
        self.asked += 1
        return 0, self.said, b""


class _Action:
    _play_context = None

    def __init__(self, connection: _Liar) -> None:
        self._connection = connection


def _followed(said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[_Liar, bytes]:
    liar = _Liar(said)
    tmp_path.chmod(0o700)
    with PrivateFolder({"XDG_RUNTIME_DIR": str(tmp_path)}) as private:
        target = private.path / PROGRESS_FILE
        monkeypatch.setenv(PROGRESS, str(target))
        one = Following(_Action(liar), "files")  # type: ignore[arg-type]
        monkeypatch.setattr(one, "_another_connection", lambda: liar)
        looks = iter([False] * 5 + [True])
        monkeypatch.setattr(one._done, "wait", lambda _seconds: next(looks))
        one._follow()
        return liar, target.read_bytes() if target.exists() else b""


def test_L25_a_host_that_says_too_much_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar, kept = _followed(raw() + b"\n" + b"x" * following._MOST, tmp_path, monkeypatch)
    assert (liar.asked, kept) == (1, b"")


def test_L25_the_same_answer_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    liar, kept = _followed(b"{junk}\n" + raw() + b"\n", tmp_path, monkeypatch)
    assert liar.asked == 5
    assert json.loads(kept) == LINE


def test_L25_junk_of_a_host_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _followed(b"\x1b]0;x\x07\n", tmp_path, monkeypatch)[1] == b""
