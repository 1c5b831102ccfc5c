"""The whole way on real parts: copied, restored elsewhere, judged level by level."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.snapshots import Stage, detail, run_apart, verdicts

ALL = ("V0", "V1", "V2", "V3", "V4", "V5", "V6")


def test_case_A4_every_byte_is_read_back_elsewhere_by_another_process(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents))
    judgement = made.prove()
    assert verdicts(judgement) == dict.fromkeys(ALL, "proven"), judgement.verification
    body = judgement.verification
    assert body.reached == "V6"
    assert body.compared_items == made.answer["items"] == 50
    assert body.verified_by["process"]["pid"] != made.answer["machine"]["pid"]
    assert all(item.ran for item in body.levels)
    assert body.changed_during == ()
    assert not (documents / ".sluis-nonce").exists()


def test_a_store_is_read_once_for_several_assets_and_again_when_it_has_more(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents))
    first = run_apart("prove_snapshot", made.proof_request())
    assert first["sealed"]
    again = run_apart("prove_snapshot", made.proof_request(sealed=first["sealed"]))
    second = made.judge(again)
    assert second.verification.reached == "V6"
    assert "for another asset" in detail(second, "V2")
    (documents / "more.txt").write_text("more")
    later = stage.make(stage.asset(documents), older=[made.answer["snapshot_id"]])
    third = later.judge(run_apart("prove_snapshot", later.proof_request(sealed=first["sealed"])))
    assert third.verification.reached == "V6"
    assert detail(third, "V2") == "all data on the store was read and is whole"


def test_what_was_read_of_one_store_says_nothing_about_its_mirror(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents))
    first = run_apart("prove_snapshot", made.proof_request())
    mirror = Stage(stage.folder, stage.server, f"{stage.repository}-mirror")
    shutil.copytree(stage.data, mirror.data)
    pack = max((mirror.data / "data").glob("*/*"), key=lambda path: path.stat().st_size)
    pack.chmod(0o600)
    with pack.open("r+b") as there:
        there.seek(pack.stat().st_size // 3)
        byte = there.read(1)
        there.seek(-1, 1)
        there.write(bytes([byte[0] ^ 1]))
    request = made.proof_request(sealed=first["sealed"], store=mirror.store)
    judged = made.judge(run_apart("prove_snapshot", request))
    assert verdicts(judged)["V2"] == "failed", detail(judged, "V2")


def test_where_a_folder_really_lies_is_told(stage: Stage, documents: Path, tmp_path: Path) -> None:
    """So that another change that reaches it by another name is seen to reach the same data."""
    (tmp_path / "way").symlink_to(documents.parent)
    through = tmp_path / "way" / documents.name
    assert stage.make(stage.asset(through)).answer["place"] == str(documents.resolve())


def test_L10_a_folder_that_was_moved_and_is_led_to_is_not_as_it_was(
    stage: Stage, documents: Path
) -> None:
    """No file of it was touched: where it lies is all that is other."""
    asset = stage.asset(documents)
    made = stage.make(asset).answer
    same = {"unless_state": made["state"], "unless_place": made["place"]}
    assert stage.make(asset, **same).answer["unchanged"]
    moved = documents.rename(documents.with_name("moved"))
    documents.symlink_to(moved)
    again = stage.make(asset, **same).answer
    assert (again["state"], again["place"]) == (made["state"], str(moved.resolve()))
