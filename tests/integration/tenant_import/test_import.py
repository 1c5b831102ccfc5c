"""An import between two real rehearsal tenants."""

from __future__ import annotations

import hashlib
import json

from sluis.tenant.tenant_manifest import About, ManifestLine, write_manifest


def test_everything_goes_over_with_its_bytes_and_dates(move):
    files = {
        "Client A/letter.txt": b"Dear client",
        "Client A/empty.txt": b"",
        "Client A/2019/large.bin": bytes(range(256)) * 50_000,
        "top.txt": b"x",
    }
    for path, data in files.items():
        move.source.control.add_file(move.from_drive, path, data)
    move.export()
    seen = []
    report = move.bring_over(progress=seen.append)
    assert report.outcome == "done", report.as_data()
    assert report.counts["sent"] == 4
    assert report.counts["folders made"] == 2
    there = move.there()
    assert set(there) == {*files, "Client A", "Client A/2019"}
    for path, data in files.items():
        assert move.bytes_there(path) == data
        line = move.lines()[path]
        assert line.sha256 == hashlib.sha256(data).hexdigest()
        assert there[path]["fileSystemInfo"]["lastModifiedDateTime"] == line.modified
        assert there[path]["fileSystemInfo"]["createdDateTime"] == line.created
    folder = move.lines()["Client A"]
    assert there["Client A"]["fileSystemInfo"]["lastModifiedDateTime"] == folder.modified
    assert [(one.files, one.of_files) for one in seen] == [(n, 4) for n in (1, 2, 3, 4)]
    # a second call finds everything done
    before = move.target.control.counters()["requests"]
    again = move.bring_over()
    assert again.outcome == "done"
    assert again.counts == {"folders used": 2, "done before": 4}
    after = move.target.control.counters()["requests"]
    assert {kind for kind in after if after[kind] != before.get(kind)} == {"get", "delta"}


def test_names_that_the_target_refuses_go_over_under_the_signed_rule(move):
    deep = "/".join([*(letter * 120 for letter in "xyz"), "deep.txt"])
    names = ["Forms/a.txt", "CON", "~$note.docx", "a:b?.txt", "A_B_.txt", " lead.txt", "dot."]
    names += ["d/_vti_x", "e/Case.txt", "e/plain #1 %20.txt", deep]
    for name in names:
        move.source.control.add_file(move.from_drive, name, name.encode())
    move.export()
    report = move.bring_over()
    assert report.outcome == "done", report.as_data()
    renamed = {one.path: one for one in report.renamed}
    went = {move.bytes_there(path): path for path, item in move.there().items() if "file" in item}
    assert set(went) == {name.encode() for name in names}
    assert went[b"CON"] == "CON_"
    assert went[b"Forms/a.txt"] == "Forms_/a.txt"
    assert went[b"~$note.docx"] == "_$note.docx"
    assert went[b"e/plain #1 %20.txt"] == "e/plain #1 %20.txt"
    # "a:b?.txt" becomes what is another's name already, in another case
    assert went[b"A_B_.txt"] == "A_B_.txt"
    assert went[b"a:b?.txt"].startswith("a_b_~")
    assert renamed["a:b?.txt"].reasons == ("character", "clash")
    assert "path-too-long" in {code for one in report.renamed for code in one.reasons}
    assert move.reconcile().sound


def test_files_of_an_old_server_whose_names_are_bytes_go_over_too(move):
    names = ["Müller", "M\udcfcller", "m\u00fcller", "a\\b: c?"]
    lines = []
    for number, name in enumerate(names):
        data = name.encode("utf-8", "surrogateescape")
        (move.root / "content").mkdir(parents=True, exist_ok=True)
        (move.root / "content" / str(number)).write_bytes(data)
        lines.append(
            ManifestLine(
                path=f"I-drive/{name}", type="file", item_id=f"I-drive/{name}",
                stored=f"content/{number}", size=len(data),
                sha256=hashlib.sha256(data).hexdigest(), modified="2019-06-30T21:59:59Z",
            )
        )  # fmt: skip
    move.manifest = move.folder / "manifest.gz"
    write_manifest(move.manifest, lines, About({"kind": "sftp"}))
    report = move.bring_over()
    assert report.outcome == "done", report.as_data()
    assert json.dumps(report.as_data())
    went = {move.bytes_there(path): path for path, item in move.there().items() if "file" in item}
    assert len(went) == 4
    assert went[b"M\xfcller"] == "I-drive/M_ller"
    assert went[b"a\\b: c?"] == "I-drive/a_b_ c_"
    assert went["Müller".encode()] == "I-drive/Müller"
    assert went["m\u00fcller".encode()].startswith("I-drive/müller~")
    found = move.reconcile()
    assert found.sound
    assert json.dumps(found.as_data())
    assert move.bring_over().counts["done before"] == 4
