"""Reconciliation of two real rehearsal tenants."""

from __future__ import annotations

import os

import pytest

from sluis.graph.quickxor import QuickXor
from sluis.rehearsal.tenant.weather import Weather
from sluis.tenant.import_state import ImportState
from support.office_files import packed, promoted, relations, types, word

REWRITING = Weather(rewrite=("office", "pdf", "html"))


def _fill(move, **more):
    files = {"a/letter.docx": packed(word()), "a/photo.jpg": os.urandom(400_000), "b.txt": b"b"}
    for path, data in {**files, **more}.items():
        move.source.control.add_file(move.from_drive, path, data)
    move.export()


def _categories(found):
    return {line.path: line.category for line in found.lines}


def test_what_the_service_rewrote_is_told_from_what_differs(move):
    page = b"<html><head><title>x</title></head><body>The client</body></html>"
    heic = b"\0\0\0\x18ftypheic" + bytes(50)
    _fill(move, **{"c.pdf": b"%PDF-1.4 contract\n%%EOF\n", "d.html": page, "e.heic": heic})
    move.target.control.set_weather(REWRITING)
    assert move.bring_over().outcome == "done"
    assert move.bytes_there("a/letter.docx") != packed(word())
    found = move.reconcile()
    assert _categories(found) == {
        "a": "equal", "a/letter.docx": "rewritten by the service", "a/photo.jpg": "equal",
        "b.txt": "equal", "c.pdf": "rewritten by the service",
        "d.html": "rewritten by the service", "e.heic": "equal",
    }  # fmt: skip
    assert found.sound
    # rewritten is not a pass for whatever was done to such a file
    control, drive = move.target.control, move.to_drive
    control.write(drive, "c.pdf", b"%PDF-1.4 contract\n%%EOF\n1 0 obj\nendobj\n%%EOF\n")
    control.write(drive, "d.html", page.replace(b"client", b"other client"))
    found = move.reconcile()
    assert [found for found, one in _categories(found).items() if one == "differs"] == [
        "c.pdf", "d.html",
    ]  # fmt: skip


def test_text_where_the_service_writes_its_own_parts_is_compared_all_the_same(move):
    """A document may name any member as its text, also one among what is left out."""

    def prescription(dose):
        return packed({
            "[Content_Types].xml": types(**{"docProps/core.xml": "x/main+xml"}),
            "_rels/.rels": relations(("rId1", "officeDocument", "/docProps/core.xml")),
            "docProps/core.xml": f"<d><t>{dose}</t></d>",
        })  # fmt: skip

    _fill(move, **{"dose.docx": prescription("5 mg"), "same.docx": prescription("5 mg")})
    assert move.bring_over().outcome == "done"
    assert move.reconcile().sound
    control, drive = move.target.control, move.to_drive
    control.write(drive, "dose.docx", prescription("50 mg"))
    control.write(drive, "a/letter.docx", packed(promoted(word())))
    found = move.reconcile()
    assert {path: one for path, one in _categories(found).items() if one != "equal"} == {
        "a/letter.docx": "rewritten by the service", "dose.docx": "differs",
    }  # fmt: skip
    assert not found.sound


def test_every_kind_of_difference_is_named_and_stops_the_hand_over(move):
    _fill(move)
    assert move.bring_over().outcome == "done"
    assert move.reconcile().sound
    control, drive = move.target.control, move.to_drive
    control.write(drive, "a/letter.docx", packed(word("The file of another client")))
    control.delete(drive, "b.txt")
    control.add_file(drive, "a/unknown.txt", b"?")
    found = move.reconcile()
    assert _categories(found) == {
        "a": "equal", "a/letter.docx": "differs", "a/photo.jpg": "equal", "b.txt": "missing",
        "a/unknown.txt": "extra",
    }  # fmt: skip
    assert not found.sound
    assert found.as_data()["counts"] == {"equal": 2, "differs": 1, "missing": 1, "extra": 1}


def test_W12_a_folder_that_nobody_knows_is_found_in_the_target(move):
    _fill(move)
    control, drive = move.target.control, move.to_drive
    control.add_folder(drive, "There before")
    assert move.bring_over().outcome == "done"
    assert move.reconcile().sound
    control.add_folder(drive, "a/Unknown")
    found = move.reconcile()
    extra = [(line.path, line.type) for line in found.lines if line.category == "extra"]
    assert extra == [("a/Unknown", "folder")]
    assert found.there_before == 1
    assert not found.sound


def _kept(move, path):
    """What the state holds to be ours in the target: size and hash."""
    with ImportState(move.state) as state:
        (row,) = [row for row in state.rows() if row.path == path]
    return row.target_size, row.target_quickxor


def _listed(move, path):
    data = move.bytes_there(path)
    return len(data), QuickXor(data).base64()


@pytest.mark.parametrize("trust", ["every byte", "the service's hash"])
def test_T38_what_was_damaged_is_not_kept_as_ours(move, trust):
    """Otherwise the next pass takes somebody's edit, or damage, for what it put there itself."""
    _fill(move)
    assert move.bring_over().outcome == "done"
    sent = {path: _kept(move, path) for path in ("a/letter.docx", "a/photo.jpg", "b.txt")}
    assert sent == {path: _listed(move, path) for path in sent}
    control, drive = move.target.control, move.to_drive
    control.write(drive, "a/letter.docx", packed(word("The file of another client")))
    control.write(drive, "a/photo.jpg", b"a torn picture")
    control.delete(drive, "b.txt")
    control.add_file(drive, "b.txt", b"somebody else's")
    found = move.reconcile(trust=trust)
    assert {path: _categories(found)[path] for path in sent} == dict.fromkeys(sent, "differs")
    assert {path: _kept(move, path) for path in sent} == sent


def test_T38_what_could_not_be_compared_is_not_kept_as_ours(move):
    _fill(move)
    assert move.bring_over().outcome == "done"
    sent = _kept(move, "a/letter.docx")
    move.target.control.write(
        move.to_drive,
        "a/letter.docx",
        packed(word("x")),
    )
    (move.root / move.lines()["a/letter.docx"].stored).unlink()
    found = move.reconcile()
    (letter,) = [line for line in found.lines if line.path == "a/letter.docx"]
    assert (letter.category, letter.basis) == ("differs", "not verified")
    assert _kept(move, "a/letter.docx") == sent


def test_T38_what_the_service_made_of_it_is_kept_once_it_is_known_to_be_sound(move):
    _fill(move)
    assert move.bring_over().outcome == "done"
    sent = _kept(move, "a/letter.docx")
    # written into the file by the service, later than the upload
    move.target.control.write(move.to_drive, "a/letter.docx", packed(promoted(word())))
    assert move.reconcile().sound
    assert _kept(move, "a/letter.docx") == _listed(move, "a/letter.docx") != sent


def test_T38_another_file_in_its_place_is_not_kept_as_ours(move):
    _fill(move)
    assert move.bring_over().outcome == "done"
    sent = _kept(move, "a/letter.docx")
    move.target.control.delete(move.to_drive, "a/letter.docx")
    move.target.control.add_file(move.to_drive, "a/letter.docx", packed(promoted(word())))
    found = move.reconcile()
    assert _categories(found)["a/letter.docx"] == "rewritten by the service"
    assert _kept(move, "a/letter.docx") == sent


def test_one_byte_changed_behind_the_services_back_is_seen_only_in_the_bytes(move):
    _fill(move)
    assert move.bring_over().outcome == "done"
    move.target.control.tamper(move.to_drive, "a/photo.jpg", 200_000, 0x5A)
    assert move.reconcile(trust="the service's hash").sound
    found = move.reconcile()
    assert not found.sound
    assert _categories(found)["a/photo.jpg"] == "differs"


def test_stale_metadata_of_the_service_is_no_difference(move):
    _fill(move)
    move.target.control.set_weather(Weather(stale_size=1.0, stale_hash=1.0))
    assert move.bring_over().outcome == "done"
    for trust in ("every byte", "the service's hash"):
        found = move.reconcile(trust=trust)
        assert found.sound, found.as_data()
        (letter,) = [line for line in found.lines if line.path == "a/letter.docx"]
        assert letter.basis == "every byte"
        assert any("stale" in note for note in letter.notes)
    bases = found.as_data()["files_by_basis"]
    assert bases == {"every byte": 1, "the service's hash": 2}


def test_killed_it_goes_on_and_downloads_no_file_twice(move):
    files = {f"{n}.bin": os.urandom(3_000) for n in range(6)}
    _fill(move, **files)
    assert move.bring_over().outcome == "done"

    def die(done):
        if done.files == 4:
            os._exit(77)

    child = os.fork()
    if child == 0:
        move.reconcile(progress=die, workers=1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 77
    before = move.target.control.counters()["bytes_out"]
    found = move.reconcile()
    assert found.sound
    assert found.reused == 4
    # the next one trusts nothing of it
    again = move.reconcile()
    assert again.reused == 0
    move.target.control.tamper(move.to_drive, "0.bin", 5, 0x77)
    assert not move.reconcile().sound
    assert move.target.control.counters()["bytes_out"] > before


def test_what_stayed_behind_is_listed_apart_only_when_it_was_signed_for(move):
    _fill(move)
    control, drive = move.source.control, move.from_drive
    control.add_file(drive, "later.txt", b"came after the import")
    assert move.bring_over().outcome == "done"
    move.export()
    found = move.reconcile()
    assert not found.sound
    assert _categories(found)["later.txt"] == "missing"


def test_a_target_that_is_not_there_at_all_is_all_missing(move):
    _fill(move)
    found = move.reconcile(folder="Nowhere")
    assert found.counts() == {"missing": 4}
    assert not found.sound
