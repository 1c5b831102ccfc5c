"""Each row of "Silent failures to detect" that shows itself in a snapshot; see
docs/silent-failures.md for where the other rows are tested."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from pathlib import Path

import pytest

from sluis.errors import SnapshotError
from sluis.manifest import loads
from sluis.snapshot.suspicion import seen_of, suspicions
from support.snapshots import PASSWORD, Stage, detail, verdicts


def _seen(made, documents: Path):
    import base64

    answer = made.answer
    manifest = loads(base64.b64decode(answer["manifest_before"]))
    return seen_of(answer["facts"], answer["bytes"], answer["items"], manifest)


def test_row_snapshots_are_never_overwritten(stage: Stage, documents: Path) -> None:
    """Same target overwritten: cannot arise with our own; the store keeps each by its digest."""
    first = stage.make(stage.asset(documents))
    (documents / "more.txt").write_text("more")
    ids = [first.answer["previous_snapshot_id"], first.answer["snapshot_id"]]
    second = stage.make(stage.asset(documents), older=ids[::-1])
    names = {path.name for path in (stage.data / "snapshots").iterdir()}
    assert {*ids, second.answer["snapshot_id"]} <= names
    assert second.answer["previous_snapshot_id"] == ids[1]
    assert not second.answer["older_made_now"]
    judgement = second.prove()
    assert judgement.verification.reached == "V6"
    assert "restored" in detail(judgement, "V6")


LIAR = """\
#!/bin/sh
# restic itself, but its list leaves out, or adds, what we say
case " $* " in
*" ls "*) {restic} "$@" | sed {edit} ;;
*) exec {restic} "$@" ;;
esac
"""


def test_T24_a_list_that_is_not_what_comes_back_is_no_proof(
    stage: Stage, documents: Path, tmp_path: Path
) -> None:
    """With restic's own answers, edited on their way."""
    (documents / "extra.txt").write_text("it came back, and no list had it")
    made = stage.make(stage.asset(documents))
    edits = {
        "/extra.txt/d": "0 listed items did not come back, 1 came back unlisted",
        "/extra.txt/{p;s/extra/ghost/g}": "1 listed item did not come back, 0 came back unlisted",
    }
    for edit, words in edits.items():
        liar = tmp_path / "restic"
        restic = shutil.which("restic")
        liar.write_text(LIAR.format(restic=restic, edit=shlex.quote(edit)))
        liar.chmod(0o755)
        judgement = made.prove(restic=str(liar))
        assert verdicts(judgement)["V1"] == "failed", edit
        assert words in detail(judgement, "V1")
        assert judgement.verification.reached == "V0"


def test_row_newest_equals_previous_is_no_older_generation(stage: Stage, documents: Path) -> None:
    made = stage.make(stage.asset(documents))
    same = stage.restic("backup", "--json", str(documents))
    again = stage.restic("backup", "--json", "--force", str(documents))
    assert same.returncode == again.returncode == 0
    newest, previous = sorted(
        (stage.data / "snapshots").iterdir(), key=lambda p: p.stat().st_mtime_ns
    )[-2:]
    judgement = made.prove(snapshot_id=newest.name, older_snapshot_id=previous.name)
    assert verdicts(judgement)["V6"] == "failed"
    assert "the very same data" in detail(judgement, "V6")


def test_row_an_old_copy_in_place_of_the_new_one_lacks_the_nonce(
    stage: Stage, documents: Path
) -> None:
    first = stage.make(stage.asset(documents))
    second = stage.make(stage.asset(documents), older=[first.answer["snapshot_id"]])
    judgement = second.prove(snapshot_id=first.answer["snapshot_id"],
                             older_snapshot_id=first.answer["previous_snapshot_id"])  # fmt: skip
    assert verdicts(judgement)["V6"] == "failed"
    assert "The nonce is not in the copy" in detail(judgement, "V6")
    # the data is equal, and still it is not the copy of this moment
    assert "restored" in detail(judgement, "V3") or verdicts(judgement)["V3"] == "proven"


def test_row_an_older_generation_that_was_damaged_is_found(stage: Stage, documents: Path) -> None:
    first = stage.make(stage.asset(documents))
    marked = documents / "only in the older one.bin"
    marked.write_bytes(os.urandom(200_000))
    older = stage.make(stage.asset(documents), older=[first.answer["snapshot_id"]])
    marked.unlink()
    newest = stage.make(stage.asset(documents), older=[older.answer["snapshot_id"]])
    assert newest.prove().verification.reached == "V6"
    pack = max((stage.data / "data").rglob("*/*"), key=lambda path: path.stat().st_size)
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.write_bytes(content)
    judgement = newest.prove()
    assert verdicts(judgement)["V6"] == "failed"
    assert verdicts(judgement)["V3"] == "proven", "the newest itself is whole"
    assert judgement.verification.reached in ("V0", "V1"), "and V2 reads what is broken"


def test_case_C5_ransomware_is_reported_before_the_snapshot_is_trusted(
    stage: Stage, documents: Path
) -> None:
    for number in range(60):
        (documents / f"record-{number}.csv").write_text("name;date;value\n" * 300)
    before = stage.make(stage.asset(documents))
    for path in sorted(documents.rglob("*")):
        if path.is_file() and not path.is_symlink():
            size = path.stat().st_size
            path.write_bytes(os.urandom(size))
            path.rename(path.with_name(path.name + ".locked"))
    after = stage.make(stage.asset(documents), older=[before.answer["snapshot_id"]])
    said = suspicions(_seen(before, documents), _seen(after, documents))
    assert [line.split(":")[0] for line in said] == ["changed-files-jump", "randomness-jump"]
    # and the generation from before it can be put back
    judgement = after.prove()
    assert "PROVEN" not in detail(judgement, "V6").upper() or verdicts(judgement)["V6"] == "proven"
    assert verdicts(judgement)["V6"] == "proven"


def test_row_generations_of_another_folder_are_no_older_generation(
    stage: Stage, documents: Path, tmp_path: Path
) -> None:
    """The asset's location is a link, and leads elsewhere since the earlier copies were made."""
    current = tmp_path / "current"
    current.symlink_to(documents)
    first = stage.make(stage.asset(current))
    older = {"older": [first.answer["snapshot_id"]], "older_place": str(documents)}
    same = stage.make(stage.asset(current), **older)
    assert same.answer["previous_snapshot_id"] == first.answer["snapshot_id"]
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    (other / "slip.txt").write_text("of others")
    current.unlink()
    current.symlink_to(other)
    made = stage.make(stage.asset(current), **older)
    assert made.answer["older_made_now"]
    assert made.answer["previous_snapshot_id"] != first.answer["snapshot_id"]


def test_row_excludes_are_listed_and_really_left_out(stage: Stage, documents: Path) -> None:
    for name in ("cache/a.bin", "patient-1/x.tmp", "patient-2/documents/y.txt"):
        (documents / name).parent.mkdir(parents=True, exist_ok=True)
        (documents / name).write_text("x")
    # "documents" is also the name of the asset's own folder: it must not leave out all
    made = stage.make(stage.asset(documents, exclude=["/cache", "*.tmp", "documents"]))
    assert any(
        w.startswith("left-out: 3 items match /cache, *.tmp, documents")
        for w in made.answer["warnings"]
    )
    judgement = made.prove()
    assert judgement.verification.reached == "V6", judgement.verification
    assert judgement.verification.compared_items == 50


def test_row_excludes_are_really_left_out_of_a_folder_that_a_link_leads_to(
    stage: Stage, documents: Path, tmp_path: Path
) -> None:
    """restic sees the folder's own path and not the link's."""
    current = tmp_path / "current"
    current.symlink_to(documents)
    (documents / "cache").mkdir()
    (documents / "cache" / "secret.bin").write_text("x")
    made = stage.make(stage.asset(current, exclude=["cache"]))
    judgement = made.prove()
    assert judgement.verification.reached == "V6", judgement.verification
    assert judgement.verification.compared_items == 50


def test_row_zero_byte_files_are_named(stage: Stage, documents: Path) -> None:
    for number in range(3):
        (documents / f"empty-{number}").touch()
    made = stage.make(stage.asset(documents))
    assert "empty-files: 3 files have no bytes" in made.answer["warnings"]
    assert made.prove().verification.reached == "V6"


def test_row_root_missing_against_last_time(stage: Stage, documents: Path) -> None:
    with pytest.raises(SnapshotError) as raised:
        stage.make(stage.asset(documents / "gone"))
    assert raised.value.code == "source-missing"


def test_case_A6_a_broken_state_is_kept_even_when_the_asset_is_gone(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents / "gone"), purpose="broken state")
    assert any(w.startswith("nothing-left") for w in made.answer["warnings"])
    judgement = made.prove(asset={**made.request["asset"], "kind": "directory"})
    assert judgement.verification.reached in ("V3", "V4", "V5", "V6")


def test_case_A6_a_database_that_cannot_be_dumped_is_kept_as_files(
    stage: Stage, tmp_path: Path
) -> None:
    broken = tmp_path / "data"
    broken.mkdir()
    (broken / "practice.db").write_bytes(b"SQLite format 3\x00" + os.urandom(5000))
    asset = {
        "id": "practice", "kind": "sqlite", "location": str(broken / "practice.db"),
        "data_directory": str(broken),
    }  # fmt: skip
    made = stage.make(asset, purpose="broken state")
    assert made.answer["as_files"]
    assert any(w.startswith("as-files") for w in made.answer["warnings"])
    judgement = made.prove(asset={**asset, "kind": "directory"})
    assert judgement.verification.reached in ("V3", "V4", "V5", "V6")


def test_files_that_change_during_the_snapshot_are_listed_or_fail(
    stage: Stage, documents: Path
) -> None:
    import base64

    from sluis.manifest import compare

    made = stage.make(stage.asset(documents))
    # as if somebody had written between the copy and the second look
    before = loads(base64.b64decode(made.answer["manifest_before"]))
    (documents / "patient-1" / "letter-0001.txt").write_text("changed meanwhile")
    from sluis.manifest import build_manifest, dumps

    after = build_manifest(str(documents))
    made.answer["manifest_after"] = base64.b64encode(dumps(after)).decode()
    judgement = made.prove()
    assert verdicts(judgement)["V5"] == "proven"
    assert "patient-1/letter-0001.txt" in judgement.verification.changed_during
    assert not compare(after, after, before).holds


def test_a_sample_is_no_proof_and_says_what_it_can_miss(stage: Stage, documents: Path) -> None:
    made = stage.make(stage.asset(documents))
    judgement = made.prove(sample=5)
    found = verdicts(judgement)
    assert [found[n] for n in ("V2", "V3", "V5")] == ["not verified"] * 3
    assert "5 of 41 files" in judgement.verification.sample
    assert "misses damage" in detail(judgement, "V5")
    assert judgement.verification.reached == "V1"


def test_a_file_broken_in_the_source_already_is_said_and_is_not_our_failure(
    stage: Stage, documents: Path
) -> None:
    (documents / "broken.zip").write_bytes(b"PK\x03\x04" + os.urandom(500))
    (documents / "fine.gz").write_bytes(__import__("gzip").compress(b"fine"))
    judgement = stage.make(stage.asset(documents)).prove()
    assert judgement.verification.reached == "V6"
    assert "broken.zip" in detail(judgement, "V4")
    assert "1 gzip" in detail(judgement, "V4")


def test_strange_names_and_kinds_come_back_equal(stage: Stage, documents: Path) -> None:
    for name in (b"caf\xc3\xa9", b"bad\xff\xfe", b"new\nline", b"-rf *", b"[x]", b"a\\b"):
        (documents / os.fsdecode(name)).write_bytes(name)
    os.link(documents / "patient-0" / "letter-0000.txt", documents / "twin")
    os.mkfifo(documents / "pipe")
    with (documents / "sparse").open("wb") as file:
        file.truncate(3 << 20)
    (documents / "closed").mkdir(mode=0o700)
    (documents / "old").write_text("old")
    os.utime(documents / "old", (1, 1))
    judgement = stage.make(stage.asset(documents)).prove()
    assert judgement.verification.reached == "V6", [
        (item.level, item.detail) for item in judgement.verification.levels
    ]
    assert judgement.differences["metadata"] == []


def test_row_a_folder_that_nobody_may_write_in_is_copied_without_proof_of_freshness(
    stage: Stage, documents: Path
) -> None:
    (documents / ".sluis-nonce").write_text("a file of the client's with our name")
    made = stage.make(stage.asset(documents))
    assert any(w.startswith("nonce-not-placed") for w in made.answer["warnings"])
    judgement = made.prove()
    assert judgement.verification.reached == "V5"
    assert "No nonce was placed" in detail(judgement, "V6")
    assert (documents / ".sluis-nonce").read_text().startswith("a file of the client's")


def test_row_mtime_set_back_does_not_hide_a_change(stage: Stage, documents: Path) -> None:
    made = stage.make(stage.asset(documents))
    letter = documents / "patient-1" / "letter-0001.txt"
    status = letter.stat()
    content = letter.read_text()
    time.sleep(0.02)
    letter.write_text(content[::-1])
    os.utime(letter, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert letter.stat().st_size == status.st_size
    again = stage.make(stage.asset(documents), older=[made.answer["snapshot_id"]])
    assert again.prove().verification.reached == "V6"


def test_no_secret_is_on_a_command_line_or_in_an_answer(stage: Stage, documents: Path) -> None:
    """Looked for in every process there is, from before the start until after the end."""
    import json
    import threading

    import psutil

    secrets = [PASSWORD, stage.login["store_password"]]
    seen: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for process in psutil.process_iter():
                try:
                    line = " ".join(process.cmdline())
                except psutil.Error:
                    continue
                if any(secret in line for secret in secrets):
                    seen.append(line)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        made = stage.make(stage.asset(documents))
        judgement = made.prove()
    finally:
        done.set()
        looking.join()
    assert seen == []
    told = json.dumps(made.answer) + judgement.verification.model_dump_json()
    nonce = made.request["nonce"]
    assert not [secret for secret in [*secrets, nonce] if secret in told]
