"""What restores leave beside live data is named, with when and how it may go."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sluis.border.own_databases import COPY, name_beside
from sluis.cli.show_outcome import show_outcome
from sluis.dossier.left import left_behind
from sluis.dossier.outcome import Outcome, evidence_of, in_short, outcome
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Body, Check, Left, Step
from sluis.plan.model import PlanDocument
from sluis.plan.swapped_before import swapped_before
from sluis.plan.text import plan_text
from sluis.snapshot.restore_place import Live
from support.outcomes import NOW, PLAN, SCOPE, ZERO, laid_down, material, snapshot_of
from support.scopes import CHANGE

#: one place of each kind: a database and a folder
DATABASE, FOLDER = SCOPE.assets[0], SCOPE.assets[1]
BESIDE, AWAY = "/srv/x.sluis-restored-CHG-1042-5f1c0c5e", "/srv/x.sluis-quarantine-CHG-1042-1"


def plan(asset: str) -> PlanDocument:
    """Restore beside, then swap."""
    base = PLAN.steps[-1]
    return PLAN.model_copy(
        update={
            "steps": tuple(
                base.model_copy(
                    update={"step": f"{what}-{asset}", "module": f"asset_{what}",
                            "args": {"asset": asset}}
                )
                for what in ("restore", "swap")
            )
        }
    )  # fmt: skip


class Ground:
    """A dossier's objects, and a story told about them."""

    def __init__(self, root: Path, asset: Any) -> None:
        self.root, self.asset, self.story = root, asset.id, list[Body]()
        self.objects = ObjectStore(root)
        self.lay_down(plan(asset.id))

    def lay_down(self, plan: PlanDocument) -> None:
        self.plan = plan
        self.objects.put(plan.to_bytes())
        scope, planned = laid_down()
        self.story[:] = [scope, planned.model_copy(update={"plan_object": plan.digest()})]

    def tell(self, what: str, state: str, **result: object) -> None:
        planned = self.plan.find(f"{what}-{self.asset}", "h1")
        assert planned is not None
        kept = self.objects.put(json.dumps(result).encode()) if result else None
        self.story.append(
            Step.model_validate(
                {
                    "step": f"{what}-{self.asset}", "host": "h1", "state": state,
                    "plan_object": self.plan.digest(), "call_sha256": planned.call_sha256(),
                    "result_object": kept,
                }
            )
        )  # fmt: skip

    def did(self, what: str, **result: object) -> None:
        self.tell(what, "started")
        self.tell(what, "done", **result)

    def material(self) -> Any:
        made = material(self.story, plan=self.plan)
        return replace(made, dossier=self.root)

    def left(self) -> list[tuple[str, str]]:
        found = left_behind(evidence_of(self.material()), self.objects)
        assert all(isinstance(item, Left) and item.host == "h1" for item in found)
        return [(item.what, item.place) for item in found]


@pytest.fixture
def folder(tmp_path: Path) -> Ground:
    return Ground(tmp_path, FOLDER)


@pytest.fixture
def database(tmp_path: Path) -> Ground:
    return Ground(tmp_path, DATABASE)


def test_newcomer_a_change_without_a_restore_leaves_nothing(folder: Ground) -> None:
    assert folder.left() == []


def test_newcomer_a_copy_that_was_not_swapped_in_is_a_copy(folder: Ground) -> None:
    folder.did("restore", beside=BESIDE)
    assert folder.left() == [("restored copy", BESIDE)]


def test_newcomer_after_a_swap_the_displaced_data_and_the_record_are_left(folder: Ground) -> None:
    folder.did("restore", beside=BESIDE)
    folder.did("swap", quarantine=AWAY)
    assert folder.left() == [("displaced data", AWAY), ("record of the swap", BESIDE)]


def test_N44_a_swap_that_was_run_again_names_what_it_displaced_once(folder: Ground) -> None:
    folder.did("restore", beside=BESIDE)
    folder.did("swap", quarantine=AWAY)
    folder.did("swap", quarantine=AWAY)
    assert folder.left() == [("displaced data", AWAY), ("record of the swap", BESIDE)]


def test_N48_what_an_earlier_plan_perhaps_displaced_is_no_surer_by_a_later_plan(
    folder: Ground,
) -> None:
    """Each plan has its own names on the host, so both are named."""
    folder.did("restore", beside=BESIDE)
    folder.tell("swap", "started")
    folder.story.append(folder.story[1])
    folder.did("restore", beside=f"{BESIDE}-again")
    folder.did("swap", quarantine=AWAY)
    assert [what for what, _ in folder.left()] == [
        "displaced data", "restored copy", "record of the swap", "perhaps displaced data",
    ]  # fmt: skip


def test_newcomer_postgresql_renames_the_copy_so_only_displaced_data_is_left(
    database: Ground,
) -> None:
    database.did("restore", beside="practice_sluis_restored_x")
    database.did("swap", quarantine="practice_sluis_quarantine_x")
    assert database.left() == [("displaced data", "practice_sluis_quarantine_x")]


@pytest.mark.parametrize("end", ["failed", "lost", None])
def test_newcomer_what_may_be_there_is_named_by_what_its_name_begins_with(
    folder: Ground, end: str | None
) -> None:
    """The names on the host do begin like that."""
    folder.tell("restore", "started")
    if end:
        folder.tell("restore", end, msg="no room")
    ((what, place),) = folder.left()
    assert what == "perhaps an unfinished copy"
    name = Live(FOLDER.location, mounted=False).restored_name(f"{CHANGE}-5f1c0c5e")
    assert name.startswith(Path(place.rstrip("…")).name)
    folder.did("restore", beside=BESIDE)
    folder.tell("swap", "started")
    assert folder.left()[0] == ("restored copy", BESIDE)
    what, place = folder.left()[1]
    assert what == "perhaps displaced data"
    name = Live(FOLDER.location, mounted=False).quarantine_name(CHANGE, 1)
    assert name.startswith(Path(place.rstrip("…")).name)


def test_newcomer_so_does_a_databases(database: Ground) -> None:
    database.tell("restore", "started")
    ((_, place),) = database.left()
    mark = f"{CHANGE}_5f1c0c5e".replace("-", "_")
    assert name_beside(DATABASE.location, COPY + mark).startswith(place.rstrip("…"))


def test_newcomer_the_screen_says_what_to_do_with_it_once(folder: Ground) -> None:
    folder.did("restore", beside=BESIDE)
    folder.did("swap", quarantine=AWAY)
    found = outcome(folder.material(), NOW)
    out = io.StringIO()
    show_outcome(Console(file=out, width=400), found)
    screen = out.getvalue()
    assert f"left on h1: {AWAY} (displaced data of {FOLDER.id})" in screen
    assert f"left on h1: {BESIDE} (record of the swap of {FOLDER.id})" in screen
    days = SCOPE.retention.snapshot_days
    assert screen.count(f"Keep it for the {days} days") == 1
    assert "a change of its own that the client signs" in screen
    assert [line.what for line in found.left] == ["displaced data", "record of the swap"]


def _screen(ground: Ground) -> tuple[str, Outcome]:
    found = outcome(ground.material(), NOW)
    console = Console(file=io.StringIO(), width=300)
    show_outcome(console, found)
    return console.file.getvalue(), found


def test_F6_after_a_way_back_that_failed_each_asset_is_said_to_be_back_or_not(
    database: Ground, folder: Ground
) -> None:
    """Which are back, where the copies lie, and the next thing to type."""
    steps = (*database.plan.steps, *folder.plan.steps)
    both = PLAN.model_copy(update={"steps": steps})
    database.lay_down(both)
    folder.plan, folder.story = both, database.story
    taken = snapshot_of(DATABASE)
    broken = taken.model_copy(update={"purpose": "broken state", "snapshot_id": "b" * 64})
    database.story += [taken, broken]
    database.did("restore", beside="copy")
    folder.did("restore", beside=BESIDE)
    database.did("swap", quarantine="away")
    folder.tell("swap", "started")
    folder.tell("swap", "failed")
    screen, found = _screen(database)
    assert {line.asset: line.state for line in found.put_back} == {
        DATABASE.id: "back", FOLDER.id: "perhaps half back",
    }  # fmt: skip
    assert f"{DATABASE.id} on h1: back. The copy is in its place." in screen
    assert f"{DATABASE.id} as it broke: snapshot {'b' * 64} in main-store" in screen
    assert f"{DATABASE.id} before the change: snapshot {ZERO} in main-store" in screen
    assert f"{FOLDER.id} on h1: perhaps half back. Step swap-{FOLDER.id} failed." in screen
    judge = f"sluis judge {SCOPE.client} {CHANGE} swap-{FOLDER.id} --host h1"
    assert found.next.startswith("The way back is not finished.")
    assert judge in found.next
    assert f"go on with the way back: sluis apply {SCOPE.client} {CHANGE}." in found.next


def test_F6_what_was_not_reached_yet_is_not_back(folder: Ground) -> None:
    assert _screen(folder)[1].put_back == ()
    folder.tell("restore", "started")
    folder.tell("restore", "failed")
    (line,) = _screen(folder)[1].put_back
    assert (line.state, line.broken) == ("not back", None)
    assert "Step restore-" in line.sentence
    folder.did("restore", beside=BESIDE)
    (line,) = _screen(folder)[1].put_back
    assert line.sentence == "Live is what the change left. A compared copy lies beside."


def test_F6_when_all_is_back_the_screen_does_not_go_on_about_it(folder: Ground) -> None:
    folder.did("restore", beside=BESIDE)
    folder.did("swap", quarantine=AWAY)
    screen, found = _screen(folder)
    assert [line.state for line in found.put_back] == ["back"]
    assert "in its place" not in screen


def test_newcomer_a_restore_that_asked_the_host_nothing_left_nothing(folder: Ground) -> None:
    """The snapshot lay in another store; "perhaps an unfinished copy" stood there all the same."""
    folder.tell("restore", "started")
    folder.tell("restore", "failed", untouched=True)
    assert folder.left() == []
    folder.tell("restore", "started")
    folder.tell("restore", "failed", untouched=False)
    (unfinished,) = folder.left()
    assert unfinished[0] == "perhaps an unfinished copy"
    folder.tell("restore", "started")
    folder.tell("restore", "failed", untouched=True)
    assert folder.left() == [unfinished], "the one before it may have left something"


def _as_a_restore(ground: Ground) -> None:
    """The same steps as a change's own work."""
    steps = tuple(one.model_copy(update={"way_back": False}) for one in ground.plan.steps)
    ground.lay_down(ground.plan.model_copy(update={"steps": steps}))


def test_N45_what_an_earlier_plan_put_back_is_said_to_be_put_back_once_more(folder: Ground) -> None:
    """To the operator before anybody signs, and to the client in the words of the step."""
    _as_a_restore(folder)
    folder.did("restore", beside=BESIDE)
    folder.did("swap", quarantine=AWAY)
    assert [line.state for line in _screen(folder)[1].put_back] == ["back"]
    done = evidence_of(folder.material())
    assert swapped_before(done.view, folder.plan, folder.plan.digest()) == {}, "by this very plan"

    folder.story.append(folder.story[1])
    screen, found = _screen(folder)
    (line,) = found.put_back
    assert line.state == "to be put back again"
    assert f"{FOLDER.id} on h1: to be put back again. It was put back at 20" in screen
    assert "what was done in it since then goes to quarantine" in screen
    assert [one for one in in_short(found) if line.sentence in one]
    again = evidence_of(folder.material())
    before = swapped_before(again.view, folder.plan, folder.plan.digest())
    assert list(before) == [(f"swap-{FOLDER.id}", "h1")]
    for language, words in (("nl", "Wij doen het nu opnieuw"), ("en", "We now do it once more")):
        text = plan_text(folder.plan, language, before, "Europe/Amsterdam")  # type: ignore[arg-type]
        assert " ".join(text.split()).count(words) == 1
        assert words not in " ".join(plan_text(folder.plan, language).split())  # type: ignore[arg-type]

    folder.did("restore", beside=f"{BESIDE}-2")
    assert [line.state for line in _screen(folder)[1].put_back] == ["to be put back again"]
    folder.did("swap", quarantine=f"{AWAY}-2")
    assert [line.state for line in _screen(folder)[1].put_back] == ["back"]


def test_N45_after_a_check_that_did_not_pass_it_is_said_what_is_done_again(folder: Ground) -> None:
    _as_a_restore(folder)
    folder.did("restore", beside=BESIDE)
    folder.did("swap", quarantine=AWAY)
    folder.story.append(Check(check="port", host="h1", what="The port answers", passed=False))
    found = _screen(folder)[1]
    assert found.state == "failed"
    assert f"sluis apply {SCOPE.client} {CHANGE}; what is back is not put back again" in found.next
    assert f"correct it in restore.yml and prepare anew: sluis prepare {SCOPE.client}" in found.next
    assert "put back once more" in found.next
