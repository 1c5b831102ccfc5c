"""Content: another origin, ranges, expiry, errors as JSON, malware, notebooks."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

from sluis.rehearsal.tenant.quick_xor import QuickXor
from support.tenant_talk import Talk


def _url(talk: Talk, drive: str, item: str) -> str:
    answer = talk.get(f"/drives/{drive}/items/{item}/content")
    assert answer.status == 302
    assert answer.body == b""
    return str(answer.headers["Location"])


def _hash(data: bytes) -> str:
    hashing = QuickXor()
    hashing.update(data)
    return hashing.base64()


def _file(talk: Talk, drive: str, suffix: str = "", least: int = 1) -> dict[str, Any]:
    return next(
        one
        for one in talk.tenant.control.items(drive)
        if "file" in one
        and one["size"] >= least
        and one["name"].endswith(suffix)
        and not one["path"].startswith("Notebook")
        and "malware" not in one
        and "hashes" in one["file"]
    )


def test_content_comes_from_another_origin_that_needs_no_token(
    talk: Talk, quiet_drive: str
) -> None:
    file = _file(talk, quiet_drive)
    url = _url(talk, quiet_drive, file["id"])
    assert url.startswith(talk.tenant.content)
    assert talk.tenant.content.rpartition(":")[0] != talk.tenant.graph.rpartition(":")[0]
    body = talk.get(url).body
    assert len(body) == file["size"]
    direct = talk.good(f"/drives/{quiet_drive}/items/{file['id']}")["@microsoft.graph.downloadUrl"]
    assert talk.get(direct).body == body


def test_every_file_has_the_listed_size_and_hash(talk: Talk, quiet_drive: str) -> None:
    control = talk.tenant.control
    looked_at = set()
    for one in control.items(quiet_drive):
        if "file" not in one:
            continue
        data = control.bytes_of(quiet_drive, one["id"])
        assert len(data) == one["size"]
        if one["name"].startswith("Without hash"):
            continue
        assert _hash(data) == one["file"]["hashes"]["quickXorHash"]
        looked_at.add(one["name"].rpartition(".")[2])
    assert {"docx", "xlsx"} & looked_at
    empty = next(one for one in control.items(quiet_drive) if one["name"] == "empty.txt")
    assert empty["file"]["hashes"]["quickXorHash"] == base64.b64encode(bytes(20)).decode()
    assert talk.fetch(quiet_drive, empty["id"]) == b""


def test_office_files_are_real_packages(talk: Talk, quiet_drive: str) -> None:
    file = _file(talk, quiet_drive, "x")
    package = zipfile.ZipFile(io.BytesIO(talk.fetch(quiet_drive, file["id"])))
    assert package.testzip() is None
    assert "[Content_Types].xml" in package.namelist()


def test_ranges_are_served_and_wrong_ones_refused(talk: Talk, quiet_drive: str) -> None:
    file = _file(talk, quiet_drive, least=1_000)
    url, size = _url(talk, quiet_drive, file["id"]), file["size"]
    whole = talk.get(url).body
    for text, first, last in (
        ("bytes=0-99", 0, 99),
        ("bytes=500-", 500, size - 1),
        ("bytes=-100", size - 100, size - 1),
        (f"bytes=10-{size + 50}", 10, size - 1),
    ):
        answer = talk.get(url, Range=text)
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert answer.body == whole[first : last + 1]
    beyond = talk.get(url, Range=f"bytes={size}-")
    assert (beyond.status, beyond.error) == (416, "invalidRange")
    assert beyond.headers["Content-Range"] == f"bytes */{size}"
    # what is not understood may be ignored
    assert talk.get(url, Range="lines=1-2").status == 200


def test_a_url_ends_with_401_and_json(talk: Talk, quiet_drive: str) -> None:
    file = _file(talk, quiet_drive)
    url = _url(talk, quiet_drive, file["id"])
    talk.advance(3_500)
    assert talk.get(url).status == 200
    talk.advance(101)
    late = talk.get(url)
    assert (late.status, late.error) == (401, "unauthenticated")
    assert late.headers["Content-Type"].startswith("application/json")
    assert talk.get(_url(talk, quiet_drive, file["id"])).status == 200
    forged = talk.get(url[:-8] + "AAAAAAAA")
    assert (forged.status, forged.error) == (401, "unauthenticated")


def test_a_token_that_leaves_graphs_origin_is_counted(talk: Talk, quiet_drive: str) -> None:
    word = "token sent to the content origin"
    before = talk.tenant.control.counters()["requests"].get(word, 0)
    url = _url(talk, quiet_drive, _file(talk, quiet_drive)["id"])
    talk.get(url)
    assert talk.tenant.control.counters()["requests"].get(word, 0) == before
    talk.get(url, Authorization=f"Bearer {talk.token}")
    assert talk.tenant.control.counters()["requests"][word] == before + 1


def test_malware_is_refused_but_to_whoever_insists_in_beta(talk: Talk, quiet_drive: str) -> None:
    item = talk.good(f"/drives/{quiet_drive}/root:/Infected%2001.exe")
    assert "malware" in item
    where = f"/drives/{quiet_drive}/items/{item['id']}"
    answer = talk.get(f"{where}/content")
    assert (answer.status, answer.error) == (403, "malwareDetected")
    assert answer.headers["X-Virus-Infected"]
    assert talk.get(f"beta:{where}/contentStream").status == 403
    forced = talk.get(f"beta:{where}/contentStream", Prefer="forceInfectedDownload")
    assert forced.status == 302
    assert len(talk.get(forced.headers["Location"]).body) == item["size"]
    assert talk.get(f"{where}/contentStream", Prefer="forceInfectedDownload").status == 400


def test_a_notebook_has_no_content_but_children_and_some_never_come(
    talk: Talk, quiet_drive: str
) -> None:
    notebook = talk.good(f"/drives/{quiet_drive}/root:/Notebook%2001")
    assert notebook["package"] == {"type": "oneNote"}
    assert "folder" not in notebook and "file" not in notebook
    where = f"/drives/{quiet_drive}/items/{notebook['id']}"
    assert talk.get(f"{where}/content").status == 400
    sections = {one["name"]: one for one in talk.good(f"{where}/children")["value"]}
    assert set(sections) == {"Section.one", "Large section.one", "Open Notebook.onetoc2"}
    assert talk.fetch(quiet_drive, sections["Section.one"]["id"])
    large = f"/drives/{quiet_drive}/items/{sections['Large section.one']['id']}/content"
    assert [talk.get(large).status for _ in range(3)] == [503, 503, 503]


def test_a_folder_has_no_content(talk: Talk, quiet_drive: str) -> None:
    assert talk.get(f"/drives/{quiet_drive}/root:/Nasty:/content").status == 400
    assert talk.get(f"/drives/{quiet_drive}/root:/Nasty/CON.txt:/content").status == 302
    assert talk.get(f"/drives/{quiet_drive}/root:/Nasty/none.txt:/content").status == 404


def test_tampering_shows_in_the_bytes_and_nowhere_else(talk: Talk, drive: str) -> None:
    file = talk.put(drive, "honest.bin", b"a" * 1_000).json()
    where = f"/drives/{drive}/items/{file['id']}"
    talk.tenant.control.tamper(drive, file["id"], 500, ord("b"))
    after = talk.good(where)
    for name in ("eTag", "cTag", "size", "file", "lastModifiedDateTime"):
        assert after[name] == file[name]
    data = talk.fetch(drive, file["id"])
    assert data == b"a" * 500 + b"b" + b"a" * 499
    part = talk.get(_url(talk, drive, file["id"]), Range="bytes=499-501")
    assert part.body == b"aba"


def test_a_large_file_comes_whole_and_every_range_of_it_fits(talk: Talk, drive: str) -> None:
    data = bytes(range(256)) * 20_000
    item = talk.tenant.control.add_file(drive, "large.bin", data)
    assert talk.fetch(drive, item) == data
    url = _url(talk, drive, item)
    assert talk.get(url, Range="bytes=1048570-3000000").body == data[1_048_570:3_000_001]
