"""Which files a label encrypted, and that a password of their author is no label."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sluis.rehearsal.tenant.containers import compound_file
from sluis.tenant.sealed_files import find_sealed, is_sealed
from sluis.tenant.state import DriveState
from sluis.tenant.stored_names import ExportFolder
from sluis.tenant.tenant_manifest import SEALED
from support.office_files import packed, word

LABELLED = compound_file(bytes(5_000))
WITH_PASSWORD = LABELLED.replace(
    "DRMEncryptedDataSpace".encode("utf-16-le"), "StrongEncryptionSpaces".encode("utf-16-le")[:42]
)
BINARY = LABELLED[:512] + "\tDRMDataSpace".encode("utf-16-le") + WITH_PASSWORD[512:]
FAR = LABELLED[:8] + bytes((1 << 20) - 20) + "DRMEncryptedDataSpace".encode("utf-16-le")
MESSAGE = LABELLED[:512] + "message.rpmsg".encode("utf-16-le") + WITH_PASSWORD[512:]
PAPER = b"%PDF-1.7\n" + bytes(3 << 20) + b"<</Filter/MicrosoftIRMServices>>\n%%EOF"


@pytest.mark.parametrize(
    ("name", "data", "sealed"),
    [
        pytest.param("a.docx", LABELLED, True, id="label"),
        pytest.param("A.XLSX", FAR, True, id="between-two-pieces"),
        pytest.param("a.docx", WITH_PASSWORD, False, id="password"),
        pytest.param("a.doc", BINARY, True, id="binary-label"),
        pytest.param("a.doc", WITH_PASSWORD, False, id="binary"),
        pytest.param("a.docx", packed(word("DRMEncryptedDataSpace")), False, id="document"),
        pytest.param("a.pdf", PAPER, True, id="pdf"),
        pytest.param("a.pdf", PAPER.replace(b"IRM", b"ABC"), False, id="plain-pdf"),
        pytest.param("a.pdf", b"", False, id="nothing"),
        pytest.param("a.ptxt", b"x", True, id="generic"),
    ],
)
def test_what_rights_management_encrypted_is_known(name: str, data: bytes, sealed: bool) -> None:
    assert is_sealed(io.BytesIO(data), name) == sealed


def test_each_is_looked_into_once_and_counted_in_every_pass(tmp_path: Path) -> None:
    with ExportFolder(tmp_path) as folder, DriveState(tmp_path / "s.sqlite", "d") as state:
        state.begin_pass("2026-01-01T00:00:00Z")
        # a server's names need not be UTF-8
        for item, name in (("1", "b.docx"), ("2", "a.ptxt"), ("3", "c.txt"), ("4", "\udcff.docx")):
            with folder.place(f"content/{item}") as place:
                place.write_bytes(LABELLED if item != "4" else packed(word()))
            state.db.execute(
                "INSERT INTO items (item_id, name, type, size, seen_in_pass)"
                " VALUES (?, CAST(? AS TEXT), 'file', 1, 1)",
                (item, name.encode("utf-8", "surrogateescape")),
            )
            state.db.execute(
                "INSERT INTO places VALUES (?, ?, ?)", (item, f"content/{item}", item.encode())
            )
            state.db.execute(
                "INSERT INTO contents (item_id, state, in_pass) VALUES (?, 'had', 1)", (item,)
            )
        assert find_sealed(state, folder, 1, "Team") == 2
        (gap,) = state.gaps(1)
        assert (gap.what, gap.subject) == (SEALED, "Team")
        assert ": a.ptxt, b.docx." in gap.why
        rows = dict(state.db.execute("SELECT item_id, sealed FROM contents").fetchall())
        assert rows == {"1": "label", "2": "label", "3": None, "4": ""}
        folder.remove("content/1")
        assert find_sealed(state, folder, 2, "Team") == 2
        state.db.execute("UPDATE items SET gone_in_pass = 3")
        assert find_sealed(state, folder, 3, "Team") == 0
        assert not state.gaps(3)


@pytest.mark.parametrize(
    ("suffix", "data", "sealed"),
    [
        *((suffix, BINARY, 1) for suffix in ("doc", "dot", "xls", "XLT", "ppt", "pot", "pps")),
        *((suffix, LABELLED, 1) for suffix in ("xlam", "docm", "xlsb", "vstx")),
        ("doc", WITH_PASSWORD, 0),
        ("msg", MESSAGE, 1),
        ("msg", MESSAGE[:512] + b"Message.rpmsg" + WITH_PASSWORD[512:], 1),
        ("msg", WITH_PASSWORD, 0),
        ("rpmsg", b"\x76\xe8\x04\x60", 1),
        ("txt", BINARY, 0),
    ],
)
def test_M1_a_pass_looks_into_every_kind_that_a_label_can_encrypt(
    tmp_path: Path, suffix: str, data: bytes, sealed: int
) -> None:
    with ExportFolder(tmp_path) as folder, DriveState(tmp_path / "s.sqlite", "d") as state:
        state.begin_pass("2026-01-01T00:00:00Z")
        with folder.place("content/1") as place:
            place.write_bytes(data)
        state.db.execute(
            "INSERT INTO items (item_id, name, type, size, seen_in_pass)"
            " VALUES ('1', ?, 'file', 1, 1)",
            (f"a.{suffix}",),
        )
        state.db.execute("INSERT INTO places VALUES ('1', 'content/1', x'31')")
        state.db.execute("INSERT INTO contents (item_id, state, in_pass) VALUES ('1', 'had', 1)")
        assert find_sealed(state, folder, 1, "Team") == sealed
        assert [gap.what for gap in state.gaps(1)] == [SEALED] * sealed
