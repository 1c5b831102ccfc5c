"""Which backup of somebody else is recorded as a snapshot, and which is refused (0254)."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.border.parts import Expected
from sluis.border.verbs import asset_copies, asset_observe
from sluis.errors import SnapshotError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Machine, Refusal, Shown, Signoff, Snapshot, Verification
from sluis.manifest import Entry, Manifest, dumps
from sluis.runbook import snapshot_taking
from sluis.runbook.adopting import Adopted, Place, adopt, challenge
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.signoff.same_data import other_data
from sluis.snapshot.nonce import FILE
from sluis.snapshot.same_disk import why_not_outside
from support.border_samples import IDENTITY, MANIFEST, PROOF
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change
from unit.runbooks.test_snapshot_settings import _read

ASSET, HOST = "letters", "h2"
PLACE = {"site": "South", "country": "BE", "provider": "Example Store"}
BACKUP = {"kind": "copies", "locations": ["/mnt/usb"], "machine": "nas", **PLACE}
HOUR = timedelta(hours=1)
#: each file of the source was touched after the copy was made
TOUCHED = Manifest(
    {n: e._replace(mtime_ns=4 * 10**18) for n, e in MANIFEST.entries.items()}
    | {FILE: Entry(FILE, "file", 65, "9" * 64, 4 * 10**18, 0o600)}
)
STRANGER = Manifest({"wedding.txt": Entry("wedding.txt", "file", 3, "7" * 64, 10**18, 0o644)})


class Stand:
    """A change with one backup to adopt, and what its host answers about it."""

    def __init__(self, small: SmallChange) -> None:
        anchors = load_anchors(small.places.trust(CLIENT), CLIENT)
        ledger = Ledger(small.dossier, anchors, CLIENT, CHANGE)
        self.dossier = OpenDossier(
            small.dossier, ledger, ObjectStore(small.dossier), anchors, small.key
        )
        self.run = Run(small.places, CLIENT, CHANGE, "prepare", "adopt.yml", (HOST,), ())
        self.source, self.copy = MANIFEST, MANIFEST
        self.nonce_found = True
        self.nothing_comes_back = False
        self.stages: list[str] = []
        self.cannot_tidy = False
        self.inside: str | None = None
        self.copied_at = now() - HOUR
        self.place: str | None = "/srv/letters"

    def _observe(self, request: asset_observe.Request, _: Any) -> asset_observe.Answer:
        self.stages.append(request.stage)
        if request.stage == "tidy" and self.cannot_tidy:
            raise SnapshotError("source-missing", "It is gone.", "Look.")
        if request.stage != "look":
            return asset_observe.Answer(IDENTITY, request.stage == "challenge")
        return asset_observe.Answer(
            IDENTITY, False, dumps(self.source), "1" * 64, "2" * 64, place=self.place
        )

    def _look(self, _: asset_copies.Request, __: Any) -> asset_copies.Answer:
        time = self.copied_at.astimezone(UTC).isoformat()
        proof = replace(
            PROOF, restored=dumps(self.copy), nonce_found=self.nonce_found, database=None,
            opened=None, engine="copies", engine_time=None, store_time=time,
        )  # fmt: skip
        if self.nothing_comes_back:
            levels = tuple(
                one if one.level == "V0" else replace(one, verdict="not verified")
                for one in proof.levels
            )
            proof = replace(proof, restored=None, restored_digest=None, content=None, levels=levels)
        older = (self.copied_at - HOUR).astimezone(UTC).isoformat()
        return asset_copies.Answer(
            (
                asset_copies.Generation("/mnt/usb/tue", time, "a" * 64),
                asset_copies.Generation("/mnt/usb/mon", older, "b" * 64),
            ),
            asset_copies.Newest("a" * 64, time, 9, 3, proof, self.inside),
        )

    def _do(self, work: Any) -> Adopted:
        place = Place(
            Source(HOST, "ssh://h1", None), Machine(host=HOST, target="ssh://h1"),
            self._observe, self._look,
        )  # fmt: skip
        return work(self.run, self.dossier, place, _read(adopt={ASSET: BACKUP}))

    def challenge(self) -> Adopted:
        done = self._do(challenge)
        assert done.changed
        return done

    def adopt(self) -> list[str]:
        """The codes of what stands against it."""
        before = len(self.taken())
        codes = [one.code for one in self._do(adopt).refused]
        refusals = self.dossier.ledger.read(now()).of(Refusal)
        assert len(self.taken()) == before + (not codes), "what is refused is no snapshot"
        assert not codes or [one.code for one in refusals[-1].body.reasons] == codes
        return codes

    def taken(self) -> list[Snapshot]:
        return [one.body for one in self.dossier.ledger.read(now()).of(Snapshot)]


@pytest.fixture
def stand(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(small_change(tmp_path, monkeypatch, now()))


def test_a_backup_that_holds_the_nonce_is_adopted(stand: Stand) -> None:
    stand.challenge()
    assert stand.adopt() == []


def test_what_has_no_file_of_the_source_is_refused_also_when_all_was_touched_since(
    stand: Stand,
) -> None:
    """Two folders of something else, and a source that is worked in every day."""
    stand.source, stand.copy, stand.nonce_found = TOUCHED, STRANGER, False
    assert stand.adopt() == ["backup-is-bad"]
    stand.copy = Manifest({})
    assert stand.adopt() == ["backup-is-bad"]
    stand.copy = MANIFEST
    assert stand.adopt() == [], "here nobody can tell, and the levels say so"


def test_a_challenge_that_the_backup_did_not_pick_up_is_refused(stand: Stand) -> None:
    stand.nonce_found = False
    assert stand.adopt() == [], "without a challenge there is no nonce to find"
    stand.challenge()
    assert stand.adopt() == ["nonce-not-in-copy"]
    assert stand.adopt() == ["nonce-not-in-copy"], "asking twice does not help"
    assert "tidy" not in stand.stages, "the next backup has to find it there"
    stand.nonce_found = True
    assert stand.adopt() == []
    assert stand.stages[-2:] == ["look", "tidy"]


def test_newcomer_a_challenge_names_what_comes_next(stand: Stand) -> None:
    (line,) = stand.challenge().lines
    assert line.endswith(
        f"Let the client's backup run now; then have it judged: sluis adopt {CLIENT} {CHANGE}"
    )


def test_newcomer_a_nonce_stays_also_when_a_backup_that_holds_it_is_refused(stand: Stand) -> None:
    stand.challenge()
    stand.copied_at = now() + HOUR
    assert stand.adopt() == ["copy-from-the-future"]
    stand.copied_at, stand.source, stand.copy = now() - HOUR, TOUCHED, STRANGER
    assert stand.adopt() == ["backup-is-bad"]
    assert "tidy" not in stand.stages


def test_A4_a_nonce_that_nobody_could_look_for_is_asked_of_the_next_backup(stand: Stand) -> None:
    """The scratch was too small: nothing of the copy came back."""
    stand.challenge()
    stand.nothing_comes_back, stand.nonce_found = True, False
    assert stand.adopt() == []
    (taken,) = stand.taken()
    assert taken.nonce_sha256 is None
    assert "tidy" not in stand.stages
    (proof,) = (one.body for one in stand.dossier.ledger.read(now()).of(Verification))
    assert "Nothing was restored, so nobody could look for the nonce." in proof.levels[6].detail
    stand.nothing_comes_back = False
    assert stand.adopt() == ["nonce-not-in-copy"]
    stand.nonce_found = True
    assert stand.adopt() == []
    assert stand.taken()[-1].nonce_sha256 is not None
    assert stand.stages[-1] == "tidy"


def test_newcomer_without_a_challenge_nothing_is_taken_away(stand: Stand) -> None:
    assert stand.adopt() == []
    assert stand.stages == ["look"]


def test_newcomer_what_is_adopted_stays_so_when_its_nonce_cannot_be_taken_away(
    stand: Stand,
) -> None:
    stand.challenge()
    stand.cannot_tidy = True
    done = stand._do(adopt)
    assert not done.refused
    assert any(".sluis-nonce" in one and "It is gone." in one for one in done.warnings)
    assert len(stand.taken()) == 1


def test_a_nonce_that_a_backup_had_is_asked_of_no_later_one(stand: Stand) -> None:
    """It was taken away from the source when that one was adopted."""
    stand.challenge()
    assert stand.adopt() == []
    stand.nonce_found = False
    assert stand.adopt() == []
    stand.challenge()
    assert stand.adopt() == ["nonce-not-in-copy"]


@pytest.mark.parametrize(
    ("ahead", "codes"),
    [(timedelta(minutes=9), []), (timedelta(minutes=11), ["copy-from-the-future"])],
)
def test_a_copy_whose_time_has_yet_to_come_is_refused(
    stand: Stand, ahead: timedelta, codes: list[str]
) -> None:
    stand.copied_at = now() + ahead
    assert stand.adopt() == codes
    assert all(one.finished_at <= now() for one in stand.taken()), "what is yet to be is no age"


@pytest.mark.parametrize("hours", [-2, -1, 1, 13])
def test_prepare_copies_anew_what_has_no_known_age(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The clock may have been ahead when the copy was adopted, and be right now."""
    assert stand.adopt() == []
    (taken,) = stand.taken()
    asset = next(one for one in read_scope(stand.run).assets if one.id == ASSET)
    settings = _read(adopt={ASSET: BACKUP})
    view = stand.dossier.ledger.read(now())
    moment = taken.finished_at + timedelta(hours=hours)
    monkeypatch.setattr(snapshot_taking, "now", lambda: moment)
    request = snapshot_taking._request(
        stand.run, Source(HOST, "ssh://h1", None), settings, "prepare", asset, Expected(), []
    )
    state = snapshot_taking._skip_state(
        view, read_scope(stand.run), asset, "prepare", request, settings
    )
    assert state == ("2" * 64 if hours == 1 else None)


def test_whose_machine_a_backup_lies_on_is_told_as_far_as_it_is_known(stand: Stand) -> None:
    stand.challenge()
    assert stand.adopt() == []
    stand.inside = "the copy lies on the same volume as the source"
    assert stand.adopt() == []
    by_settings, by_the_host = (
        one.body.levels[6] for one in stand.dossier.ledger.read(now()).of(Verification)
    )
    assert "the store is another machine, nas, as the settings say" in by_settings.detail
    assert by_the_host.verdict == "failed"
    assert f"is not outside {HOST}: {stand.inside}" in by_the_host.detail
    assert "is another machine" not in by_the_host.detail


def test_a_host_can_tell_its_own_disks(tmp_path: Path) -> None:
    here = replace(IDENTITY, boot_id="1" * 36, device=tmp_path.stat().st_dev)
    assert why_not_outside(here, here, str(tmp_path)) == (
        "the copy lies on the same volume as the source"
    )
    other = replace(here, device=None)
    assert why_not_outside(other, here, "/dev/shm") == (
        "the copy lies on a disk of that machine itself"
    )
    assert why_not_outside(other, here, "/proc") is None
    assert why_not_outside(replace(here, boot_id="2" * 36), here, str(tmp_path)) is None


def test_a_disk_is_known_by_its_mount_and_not_by_a_device_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A subvolume of btrfs has a number of its own, which no line about mounts has."""
    here = replace(IDENTITY, boot_id="1" * 36, device=1)
    seen = replace_device(Path("/dev/shm").stat(), 2**40)
    monkeypatch.setattr("sluis.snapshot.same_disk.os.stat", lambda path: seen)
    assert why_not_outside(here, here, "/dev/shm") == (
        "the copy lies on a disk of that machine itself"
    )


def replace_device(found: os.stat_result, device: int) -> os.stat_result:
    return os.stat_result((*found[:2], device, *found[3:10]))


def _signed_by_the_client(stand: Stand) -> None:
    """The client reads a text, and says yes to it."""
    ledger, key = stand.dossier.ledger, stand.dossier.key
    digest = "e" * 64
    shown = ledger.append(
        Shown(to="A. Client", language="en", channel="prompt", documents={"scope": digest}),
        key=key, now=now(),
    )  # fmt: skip
    ledger.append(
        Signoff(
            decision="yes", tier="attended", signer_name="A. Client", signer_role="owner",
            scope_object=digest, plan_object=digest, shown=shown.sha256,
        ),
        key=key, now=now(),
    )  # fmt: skip


def test_L10_a_backup_that_is_adopted_after_the_yes_is_held_against_what_was_signed(
    stand: Stand,
) -> None:
    """From then on it stands for what lies there, and catch-up copies nothing."""
    files = {f"{n}.txt": Entry(f"{n}.txt", "file", 9, f"{n:064x}", 10**18, 0o644) for n in range(9)}
    stand.source = stand.copy = Manifest(files)
    assert stand.adopt() == []
    _signed_by_the_client(stand)
    stand.source = stand.copy = Manifest({"1.txt": files["1.txt"]})
    done = stand._do(adopt)
    assert "letters: items-drop: 1 items, when the client signed it was 9" in done.warnings
    view = stand.dossier.ledger.read(now())
    (found, _) = other_data(view, view.of(Signoff)[0])
    assert found.startswith("letters has changed much since the client signed: 9 bytes")
