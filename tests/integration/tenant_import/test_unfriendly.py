"""What an engineer met in a move that was wrong or unfriendly, on the way in (move.md)."""

from __future__ import annotations

import unicodedata

import pytest

from sluis.graph import upload as upload_module
from sluis.graph.errors import GraphError
from sluis.tenant.import_policy import ImportPolicy
from support.graph_stage import refusal
from support.small_drive import SmallDrive, Work, again_at_the_source, move_over, play

FILES = {"Plan/a.txt": b"one" * 400, "Plan/b.txt": b"two" * 500}


@pytest.mark.parametrize("quota", [{}, {"total": 0, "used": 0, "remaining": 0}])
def test_unfriendly_01_a_library_that_tells_no_quota_is_written_once_that_is_signed(
    tmp_path, quota
):
    async def story(work: Work) -> None:
        await move_over(work, FILES)
        work.drive.quota = quota
        refused = await work.bring_over()
        assert (refused.outcome, [one.code for one in refused.reasons]) == (
            "refused", ["room-not-told"],
        )  # fmt: skip
        assert "leave_out" in refused.reasons[0].remedy
        assert "room-not-told" in refused.reasons[0].remedy
        assert "Free space" not in refused.reasons[0].remedy
        signed = ImportPolicy(permissions=False, leave_out=frozenset({"room-not-told"}))
        done = await work.bring_over(signed)
        assert (done.outcome, done.counts["sent"]) == ("done", 2)
        assert (await work.compare(signed)).sound

    play(tmp_path, story)


def test_unfriendly_01_a_library_that_tells_of_too_little_room_is_never_written(tmp_path):
    async def story(work: Work) -> None:
        await move_over(work, FILES)
        work.drive.quota = {"total": 100, "used": 0, "remaining": 100}
        signed = ImportPolicy(permissions=False, leave_out=frozenset({"room-not-told"}))
        refused = await work.bring_over(signed)
        assert [one.code for one in refused.reasons] == ["quota"]
        assert not work.drive.things

    play(tmp_path, story)


def test_unfriendly_06_an_upload_that_broke_off_does_not_hold_its_name_for_ever(
    tmp_path, monkeypatch
):
    """Killed half way; before the next run the file changed, so its session is of no use."""
    monkeypatch.setattr(upload_module, "CHUNK", 327_680)

    async def story(work: Work) -> None:
        source = work.drive
        await move_over(work, {"a.bin": b"x" * 400_000})
        work.drive.holds_names = True
        _cut_after_the_first_piece(work.drive)
        with pytest.raises(BaseExceptionGroup):
            await work.bring_over()
        assert len(work.drive.sessions) == 1
        work.drive.bend = lambda _request, _body: None
        source.write("a.bin", b"y" * 400_000)
        await again_at_the_source(work, source)
        done = await work.bring_over()
        assert done.outcome == "done", done.reasons
        assert work.drive.at("a.bin").data == b"y" * 400_000
        assert not work.drive.sessions

    play(tmp_path, story)


class Killed(BaseException):
    pass


def _cut_after_the_first_piece(drive: SmallDrive) -> None:
    ask = upload_module._Upload._ask

    async def killed(self, method, url, headers, data):
        answer = await ask(self, method, url, headers, data)
        if method == "PUT":
            upload_module._Upload._ask = ask
            raise Killed
        return answer

    upload_module._Upload._ask = killed


@pytest.mark.parametrize("trait", ["drops_dates", "late_hashes", "both"])
def test_unfriendly_07_dropped_dates_and_late_hashes_are_nobodys_edits(tmp_path, trait):
    async def story(work: Work) -> None:
        source = work.drive
        await move_over(work, FILES)
        for one in ("drops_dates", "late_hashes"):
            setattr(work.drive, one, trait in (one, "both"))
        assert (await work.bring_over()).outcome == "done"
        source.write("Plan/a.txt", b"changed" * 99)
        await again_at_the_source(work, source)
        done = await work.bring_over()
        assert (done.outcome, done.conflicts) == ("done", [])
        assert (done.counts["replaced"], done.counts["done before"]) == (1, 1)
        assert (await work.compare()).sound
        # and an edit is one, also where dates and hashes tell less
        source.write("Plan/a.txt", b"again" * 99)
        await again_at_the_source(work, source)
        work.drive.write("Plan/a.txt", b"theirs!" * 99)
        refused = await work.bring_over()
        assert (refused.outcome, len(refused.conflicts)) == ("refused", 1)
        assert work.drive.at("Plan/a.txt").data == b"theirs!" * 99

    play(tmp_path, story)


@pytest.mark.parametrize("there", [False, True], ids=["to-be-made", "there-before"])
def test_unfriendly_08_a_folder_of_the_target_may_be_spelled_otherwise(tmp_path, there):
    """A scope is written on a machine that spells accents apart, and the service composes them."""
    apart = unicodedata.normalize("NFD", "Société/Été")

    async def story(work: Work) -> None:
        source = work.drive
        await move_over(work, {"Plan/a.txt": b"one" * 400})
        work.drive.composes, work.into = True, apart
        if there:
            work.drive.add("Société/Été")
        for _pass in range(2):
            done = await work.bring_over()
            assert (done.outcome, done.notes) == ("done", [])
            names = {one.name for one in work.drive.things.values()}
            assert names == {"Société", "Été", "Plan", "a.txt"}
            assert len(work.drive.things) == 4
            result = await work.compare()
            assert result.sound, result.lines
            assert {line.path for line in result.lines} == {"Plan", "Plan/a.txt"}
            source.write("Plan/a.txt", b"two" * 99)
            await again_at_the_source(work, source)

    play(tmp_path, story)


def test_unfriendly_08_a_name_that_the_target_composes_is_neither_missing_nor_extra(tmp_path):
    apart = unicodedata.normalize("NFD", "Café/crème.txt")

    async def story(work: Work) -> None:
        source = work.drive
        await move_over(work, {apart: b"one" * 400, "plain.txt": b"two"})
        work.drive.composes = True
        assert (await work.bring_over()).outcome == "done"
        assert {one.name for one in work.drive.things.values()} == {
            "Café", "crème.txt", "plain.txt",
        }  # fmt: skip
        result = await work.compare()
        assert result.sound, result.lines
        assert [line.category for line in result.lines] == ["equal"] * 3
        notes = {line.path: line.notes for line in result.lines if line.notes}
        assert any("spelled" in note for note in notes[apart])
        # a later pass finds them too: nothing is made or sent again
        source.write(apart, b"three" * 99)
        await again_at_the_source(work, source)
        done = await work.bring_over()
        assert (done.outcome, done.counts.get("sent", 0), done.notes) == ("done", 0, [])
        assert (done.counts["replaced"], len(work.drive.things)) == (1, 3)
        assert (await work.compare()).sound

    play(tmp_path, story)


def test_unfriendly_09_who_is_let_in_no_more_stops_the_comparison(tmp_path):
    async def story(work: Work) -> None:
        await move_over(work, {f"Plan/{number}.txt": b"x" * 900 for number in range(9)})
        assert (await work.bring_over()).outcome == "done"
        listed = len(work.drive.asked)

        def shut(_request, _body):
            had = sum(one.startswith("GET /bytes/") for one in work.drive.asked[listed:])
            return refusal(401, "InvalidAuthenticationToken") if had > 3 else None

        work.drive.bend = shut
        with pytest.raises(GraphError) as told:
            await work.compare()
        assert told.value.status == 401
        work.drive.bend = lambda _request, _body: None
        result = await work.compare()
        assert result.sound
        assert result.reused >= 1

    play(tmp_path, story)


def test_unfriendly_14_comparing_every_byte_costs_one_request_a_file(tmp_path):
    async def story(work: Work) -> None:
        await move_over(work, {f"Plan/{number}.txt": b"x" * 900 for number in range(20)})
        assert (await work.bring_over()).outcome == "done"
        work.drive.asked.clear()
        before = work.graph.spent.units
        result = await work.compare()
        assert (result.sound, len(result.lines)) == (True, 21)
        assert all(line.basis == "every byte" for line in result.lines if line.type == "file")
        assert len([one for one in work.drive.asked if one.startswith("GET /bytes/")]) == 20
        assert not [one for one in work.drive.asked if one.endswith("/content")]
        assert work.graph.spent.units - before <= 20 + 6

    play(tmp_path, story)
