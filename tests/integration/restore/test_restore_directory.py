"""A folder is restored beside, compared byte by byte, and swapped, with a real repository."""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import pytest

from sluis.border.strict_json import WrongError
from sluis.errors import EvidenceError, InputError, SnapshotError
from sluis.snapshot import restore_fetch
from sluis.snapshot.restore_place import open_folder
from support.restores import Snapshotted, copy_of, fill, restore_beside, swap, take, tree


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Snapshotted:
    """A folder with every kind of item, snapshotted once."""
    top = tmp_path_factory.mktemp("master")
    live = top / "live"
    fill(live)
    return take(top, {"id": "letters", "kind": "directory", "location": str(live)})


@pytest.fixture
def taken(master: Snapshotted, tmp_path: Path) -> Snapshotted:
    """Live data, store and manifests of one test's own."""
    return copy_of(master, tmp_path)


def break_it(live: Path) -> None:
    (live / "letter.txt").write_text("ransom note")
    (live / "deep" / "deeper" / "scan.pdf").unlink()
    (live / "virus").write_text("new")


def put_back(taken: Snapshotted, **other: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return restore_beside(taken.request(**other)), swap(taken.request(**other))


def test_case_A6_A7_restored_beside_compared_swapped_and_displaced_kept(
    taken: Snapshotted,
) -> None:
    good, mode = tree(taken.live), taken.live.stat().st_mode
    break_it(taken.live)
    broken = tree(taken.live)

    beside = restore_beside(taken.request())
    assert beside["equal"] is True
    assert beside["changed"] is True
    assert beside["compared_items"] == len(good) + 1  # the nonce was there when it was made
    assert tree(taken.live) == broken, "restoring beside touched the live data"
    assert Path(beside["beside"]).stat().st_mode & 0o777 == 0o700

    swapped = swap(taken.request())
    assert swapped["changed"] is True
    assert tree(taken.live) == good
    assert taken.live.stat().st_mode == mode
    assert os.getxattr(taken.live, "user.folder") == b"kept"
    assert swapped["quarantine"] == [f"{taken.live}.sluis-quarantine-CHG-7-1"]
    assert tree(Path(swapped["quarantine"][0])) == broken

    assert restore_beside(taken.request())["changed"] is False
    again = swap(taken.request())
    assert (again["changed"], again["quarantine"]) == (False, swapped["quarantine"])
    assert tree(taken.live) == good


def test_N48_another_signed_plan_really_puts_it_back_again(taken: Snapshotted) -> None:
    """What was swapped in under the plan before it is not done by this one."""
    good = tree(taken.live)
    _, first = put_back(taken)
    break_it(taken.live)
    broken = tree(taken.live)
    second_plan = {"restore_id": f"{taken.request()['restore_id']}-5f1c0c5e"}
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(taken.request(**second_plan))
    beside, second = put_back(taken, **second_plan)
    assert (beside["changed"], second["changed"], second["equal"]) == (True, True, True)
    assert tree(taken.live) == good
    assert second["quarantine"] == [f"{taken.live}.sluis-quarantine-CHG-7-2"]
    assert tree(Path(second["quarantine"][0])) == broken
    assert tree(Path(first["quarantine"][0])) == good, "the first one is kept as well"


@pytest.mark.parametrize("deed", ["rewritten", "gone", "new", "moved away", "a file"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_N48_a_swap_of_before_is_not_called_done_once_somebody_worked_on(
    taken: Snapshotted, deed: str, check_mode: bool
) -> None:
    """The run was killed before it could record the swap; then people worked, and it goes on."""
    put_back(taken)
    (taken.live / ".sluis-nonce").write_text("0" * 64 + "\n")  # of the copy that is made first
    assert swap(taken.request(check_mode=check_mode))["equal"] is True
    letter = taken.live / "letter.txt"
    if deed == "rewritten":
        letter.write_text("Dear cljent")
    elif deed == "gone":
        letter.unlink()
    elif deed == "new":
        (taken.live / "new.txt").write_text("new")
    else:
        taken.live.rename(taken.live.with_name("elsewhere"))
        if deed == "a file":
            taken.live.write_text("I was a folder")
    before = tree(taken.top / "srv")
    with pytest.raises(SnapshotError, match="restore-worked-in") as caught:
        swap(taken.request(check_mode=check_mode))
    assert "Nothing was swapped now" in caught.value.remedy
    assert tree(taken.top / "srv") == before


def test_an_equal_copy_is_used_again(taken: Snapshotted) -> None:
    first = restore_beside(taken.request())
    shutil.rmtree(taken.repository)  # a second fetch would fail
    second = restore_beside(taken.request())
    assert (first["changed"], second["changed"]) == (True, False)
    assert {**second, "changed": True} == first


def test_a_copy_that_was_touched_is_not_used(taken: Snapshotted) -> None:
    beside = restore_beside(taken.request())
    copy = Path(beside["beside"], "data", "letter.txt")
    times = copy.stat()
    copy.write_text("Dear cljent")
    os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))  # covering the traces
    with pytest.raises(SnapshotError, match="restore-copy-touched"):
        swap(taken.request())
    again = restore_beside(taken.request())
    assert again["changed"] is True
    assert swap(taken.request())["changed"] is True
    assert (taken.live / "letter.txt").read_text() == "Dear client"


def test_nothing_is_swapped_without_a_compared_copy(taken: Snapshotted) -> None:
    before = tree(taken.top / "srv")
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(taken.request())
    assert tree(taken.top / "srv") == before


def test_a_flipped_byte_in_the_repository_swaps_nothing(taken: Snapshotted) -> None:
    break_it(taken.live)
    broken = tree(taken.live)
    for pack in (taken.repository / "data").rglob("*"):
        if pack.is_file() and pack.stat().st_size > 100_000:
            pack.chmod(0o600)
            data = bytearray(pack.read_bytes())
            data[len(data) // 2] ^= 1
            pack.write_bytes(data)
    with pytest.raises(SnapshotError) as caught:
        restore_beside(taken.request())
    assert caught.value.code in ("engine-failed", "restore-differs")
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(taken.request())
    assert tree(taken.live) == broken
    assert "/proc/" not in str(caught.value)


def test_a_restore_that_lies_is_found_by_the_comparison(taken: Snapshotted, tmp_path: Path) -> None:
    """An engine that ends with status 0 and leaves a wrong file (restic 0.16.4 did)."""
    liar = tmp_path / "restic"
    liar.write_text(
        "#!/bin/sh\nrestic \"$@\" || exit\n"
        "for word; do case $word in --target=*) echo oops > \"${word#*=}/letter.txt\";; "
        "esac; done\n"
    )  # fmt: skip
    liar.chmod(0o755)
    broken = tree(taken.live)
    with pytest.raises(SnapshotError, match="restore-differs") as caught:
        restore_beside(taken.request(restic=str(liar)))
    assert "letter.txt" in caught.value.what
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(taken.request())
    assert tree(taken.live) == broken
    assert restore_beside(taken.request())["equal"] is True  # the honest engine, next time


@pytest.mark.parametrize("what", ["missing", "extra"])
def test_one_file_too_few_or_too_many_is_not_equal(
    taken: Snapshotted, tmp_path: Path, what: str
) -> None:
    deed = 'rm "${word#*=}/empty"' if what == "missing" else 'echo > "${word#*=}/extra"'
    liar = tmp_path / "restic"
    liar.write_text(
        '#!/bin/sh\nrestic "$@" || exit\n'
        f"for word; do case $word in --target=*) {deed};; esac; done\n"
    )
    liar.chmod(0o755)
    with pytest.raises(SnapshotError, match="restore-differs") as caught:
        restore_beside(taken.request(restic=str(liar)))
    assert f"1 {what}" in caught.value.what


def test_another_snapshot_than_the_signed_one(taken: Snapshotted) -> None:
    break_it(taken.live)
    later = take(taken.top, taken.asset)
    mixed = taken.request(snapshot_id=later.made["snapshot_id"])
    with pytest.raises(SnapshotError, match="restore-differs"):
        restore_beside(mixed)
    restore_beside(taken.request())
    # the copy of one snapshot is there, the other one is asked for under the same name
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(later.request(restore_id=taken.request()["restore_id"]))
    with pytest.raises(WrongError, match="64 lower-case"):
        restore_beside(taken.request(snapshot_id=taken.made["snapshot_id"][:8]))
    with pytest.raises(SnapshotError):
        restore_beside(taken.request(snapshot_id="0" * 64))


def test_a_manifest_that_is_not_the_signed_one(taken: Snapshotted) -> None:
    Path(taken.manifests[0]["path"]).write_bytes(b"other")
    with pytest.raises(EvidenceError, match="manifest-altered"):
        restore_beside(taken.request())
    with pytest.raises(InputError, match="no-manifest"):
        restore_beside(taken.request(manifests=[]))


def test_live_data_that_is_gone(taken: Snapshotted) -> None:
    good = tree(taken.live)
    shutil.rmtree(taken.live)
    beside, swapped = put_back(taken)
    assert tree(taken.live) == good
    assert swapped["quarantine"] == []
    assert beside["warnings"] == []
    assert taken.live.stat().st_mode & 0o777 == 0o750, "as it was when the snapshot was made"


def test_without_figures_the_folder_is_closed_rather_than_open(taken: Snapshotted) -> None:
    shutil.rmtree(taken.live)
    beside, _ = put_back(taken, facts=None)
    assert "mode 0700" in beside["warnings"][0]
    assert taken.live.stat().st_mode & 0o777 == 0o700


def test_rights_that_a_broken_change_gave_the_folder_do_not_stay(taken: Snapshotted) -> None:
    taken.live.chmod(0o777)
    os.chown(taken.live, 65534, 65534)
    put_back(taken)
    status = taken.live.stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o750, 0)


def test_N42_what_can_be_given_is_given_without_root(tmp_path: Path) -> None:
    """Of a user who is in the group of the files, nothing is said; of another one's, it is."""
    above = Path(tempfile.mkdtemp(prefix="sluis-user-"))
    above.chmod(0o711)
    live = above / "theirs" / "live"
    live.mkdir(parents=True)
    nobody, games = pwd.getpwnam("nobody"), grp.getgrnam("games").gr_gid
    for name, group in (("a", games), ("b", nobody.pw_gid), ("c", 0)):
        (live / name).write_text(name)
        os.chown(live / name, nobody.pw_uid, group)
    os.chown(live, nobody.pw_uid, games)
    taken = take(above / "theirs", {"id": "x", "kind": "directory", "location": str(live)})
    for path in [above / "theirs", *(above / "theirs").rglob("*")]:
        if live not in (path, path.parent):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([games])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE, as an exec would set it
            os.environ["HOME"] = str(above / "theirs")
            request = taken.request(workdir=str(above / "theirs"))
            (told,) = restore_beside(request)["warnings"]
            assert "NOT put back of 1 item (user nobody, group root: 1)" in told, told
            swap(request)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    found = {path.name: path.stat().st_gid for path in live.iterdir()}
    assert found == {"a": games, "b": nobody.pw_gid, "c": nobody.pw_gid}
    assert live.stat().st_gid == games
    shutil.rmtree(above)


def test_live_data_behind_a_symlink(master: Snapshotted, tmp_path: Path) -> None:
    real = tmp_path / "srv" / "release-12"
    taken = copy_of(master, tmp_path, real)
    current = tmp_path / "current"
    current.symlink_to(real)
    taken.asset["location"] = str(current)
    good = tree(real)
    break_it(real)
    _, swapped = put_back(taken)
    assert current.readlink() == real
    assert tree(real) == good
    assert swapped["quarantine"] == [f"{real}.sluis-quarantine-CHG-7-1"]


def test_a_link_that_leads_elsewhere_since_the_change_began_is_not_followed(
    master: Snapshotted, tmp_path: Path
) -> None:
    """What it leads to now is in nobody's scope: it was not copied, and is not moved away."""
    real, other = tmp_path / "srv" / "release-12", tmp_path / "srv" / "billing"
    taken = copy_of(master, tmp_path, real)
    current = tmp_path / "current"
    current.symlink_to(real)
    taken.asset["location"] = str(current)
    request = taken.request(place=str(real))
    restore_beside(request)
    other.mkdir()
    (other / "rates").write_text("of others")
    current.unlink()
    current.symlink_to(other)
    for half in (restore_beside, swap):
        with pytest.raises(SnapshotError, match="restore-leads-elsewhere"):
            half(request)
    assert [one.name for one in other.iterdir()] == ["rates"]
    current.unlink()
    current.symlink_to(real)
    assert swap(request)["changed"] is True


def test_a_file_took_the_place_of_the_folder(taken: Snapshotted) -> None:
    good = tree(taken.live)
    shutil.rmtree(taken.live)
    taken.live.write_text("I was a folder")
    _, swapped = put_back(taken)
    assert tree(taken.live) == good
    assert Path(swapped["quarantine"][0]).read_text() == "I was a folder"


def test_a_very_long_name(master: Snapshotted, tmp_path: Path) -> None:
    live = tmp_path / ("é" * 120)
    taken = copy_of(master, tmp_path, live)
    good = tree(live)
    break_it(live)
    _, swapped = put_back(taken)
    assert tree(live) == good
    assert Path(swapped["quarantine"][0]).is_dir()


def test_items_left_out_by_agreement_are_named(tmp_path: Path) -> None:
    live = tmp_path / "live"
    fill(live)
    (live / "cache").mkdir()
    (live / "cache" / "a.tmp").write_text("rubbish")
    asset = {"id": "x", "kind": "directory", "location": str(live), "exclude": ["cache"]}
    taken = take(tmp_path, asset)
    beside, swapped = put_back(taken)
    assert not (live / "cache").exists()
    assert Path(swapped["quarantine"][0], "cache", "a.tmp").exists()
    assert any("left out" in line for line in beside["warnings"])


def test_case_A7_a_process_that_has_a_file_open_stops_the_swap(taken: Snapshotted) -> None:
    restore_beside(taken.request())
    before = tree(taken.live)
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; f=open(sys.argv[1]); print(flush=True); input()",
         str(taken.live / "letter.txt")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(SnapshotError, match="restore-in-use") as caught:
            swap(taken.request())
        assert str(child.pid) in caught.value.what
        assert "letter.txt" in caught.value.what
        assert tree(taken.live) == before
        answer = swap(taken.request(tolerate_use=True))
        assert any("still open after the swap" in line for line in answer["warnings"])
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("how", ["cwd", "map"])
def test_other_ways_of_using_it_are_seen_too(taken: Snapshotted, how: str) -> None:
    restore_beside(taken.request())
    code = "print(flush=True); input()"
    if how == "map":
        code = (
            "import mmap, os; fd=os.open('letter.txt', os.O_RDONLY); "
            "m=mmap.mmap(fd, 0, prot=mmap.PROT_READ); os.close(fd); os.chdir('/'); " + code
        )
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=taken.live,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(SnapshotError, match="restore-in-use"):
            swap(taken.request())
    finally:
        child.kill()
        child.communicate()
    assert swap(taken.request())["changed"] is True


def test_check_mode_changes_nothing(taken: Snapshotted) -> None:
    before = tree(taken.top / "srv")
    answer = restore_beside(taken.request(check_mode=True))
    assert (answer["changed"], answer["equal"]) == (True, None)
    assert swap(taken.request(check_mode=True))["changed"] is True
    assert tree(taken.top / "srv") == before
    put_back(taken)
    after = tree(taken.top / "srv")
    assert restore_beside(taken.request(check_mode=True))["changed"] is False
    assert swap(taken.request(check_mode=True))["changed"] is False
    assert tree(taken.top / "srv") == after


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("relative/path", "restore-bad-path"),
        ("/srv/../etc", "restore-bad-path"),
        ("/", "restore-bad-path"),
        ("/no-such-folder/at/all", "restore-no-folder"),
    ],
)
def test_places_that_cannot_be(taken: Snapshotted, location: str, code: str) -> None:
    asset = {**taken.asset, "location": location}
    with pytest.raises((InputError, SnapshotError)) as caught:
        restore_beside(taken.request(asset=asset))
    assert caught.value.code == code


@pytest.mark.parametrize("restore_id", ["../../etc", "", "a/b", ".hidden", "x" * 101])
def test_ids_that_would_leave_the_folder(taken: Snapshotted, restore_id: str) -> None:
    with pytest.raises(WrongError, match="the id of a restore"):
        restore_beside(taken.request(restore_id=restore_id))


def test_no_secret_in_answer_record_or_command(taken: Snapshotted) -> None:
    beside, swapped = put_back(taken)
    kept = b"".join(p.read_bytes() for p in Path(beside["beside"]).rglob("*") if p.is_file())
    assert taken.password.encode() not in kept
    assert taken.password not in f"{beside}{swapped}"


def test_an_ordinary_user_can_restore_what_is_theirs(master: Snapshotted) -> None:
    """N42 Without root: owners cannot be given back, which is said; everything else can.

    It lies below a folder that they may pass through but not list.
    """
    above = Path(tempfile.mkdtemp(prefix="sluis-user-"))  # pytest's own folders are for root
    above.chmod(0o711)
    top = above / "theirs"
    taken = copy_of(master, top)
    nobody = pwd.getpwnam("nobody")
    subprocess.run(["chown", "-R", f"{nobody.pw_uid}:{nobody.pw_gid}", top], check=True)
    good = {name: item[:3] for name, item in tree(taken.live).items()}
    break_it(taken.live)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE, as an exec would set it
            os.environ["HOME"] = str(top)
            beside = restore_beside(taken.request(workdir=str(top)))
            (told,) = (one for one in beside["warnings"] if "NOT put back" in one)
            assert f"of {len(good) + 1} items (user root, group root: {len(good) + 1})" in told
            assert "by nobody, group nogroup" in told
            assert restore_beside(taken.request(workdir=str(top)))["warnings"] == [told]
            answer = swap(taken.request(workdir=str(top)))
            # other users' processes cannot be looked into, and that is said
            unseen = any(line.startswith("not verified") for line in answer["warnings"])
            os._exit(0 if unseen else 3)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert {name: item[:3] for name, item in tree(taken.live).items()} == good
    shutil.rmtree(above)


@pytest.mark.parametrize("part", ["a", "a/b", "a/b/c"])
def test_a_symlink_at_any_part_of_the_place_is_refused(tmp_path: Path, part: str) -> None:
    place = tmp_path / "a/b/c"
    place.mkdir(parents=True)
    with open_folder(str(place)) as descriptor:
        os.fsync(descriptor)
        assert os.fstat(descriptor).st_ino == place.stat().st_ino
    (tmp_path / part).rename(tmp_path / "elsewhere")
    (tmp_path / part).symlink_to(tmp_path / "elsewhere")
    assert place.is_dir()
    with pytest.raises(NotADirectoryError), open_folder(str(place)):
        pass


class Mount:
    """A real small filesystem, mounted for one test; needs root, as CI has."""

    def __init__(self, place: Path, size: str) -> None:
        self.place, self.size = place, size

    def __enter__(self) -> Path:
        self.place.mkdir(parents=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.place], check=True
        )
        return self.place

    def __exit__(self, *error: object) -> None:
        subprocess.run(["umount", self.place], check=True)


def test_a_mount_point_has_its_contents_swapped(master: Snapshotted, tmp_path: Path) -> None:
    with Mount(tmp_path / "volume", "64m") as volume:
        taken = copy_of(master, tmp_path, volume)
        volume.chmod(0o751)
        good = tree(volume)
        break_it(volume)
        broken = tree(volume)
        beside, swapped = put_back(taken)
        ours = {Path(beside["beside"]).name, Path(swapped["quarantine"][0]).name}
        assert {n: i for n, i in tree(volume).items() if n.split("/")[0] not in ours} == good
        assert tree(Path(swapped["quarantine"][0])) == broken
        assert volume.stat().st_mode & 0o777 == 0o750, "as it was when the snapshot was made"
        assert Path(swapped["quarantine"][0]).parent == volume
        assert swap(taken.request())["changed"] is False
        (volume / "letter.txt").unlink()
        with pytest.raises(SnapshotError, match="restore-worked-in"):
            swap(taken.request())
        # another plan: what the first one left keeps its place, and counts for no difference
        second_plan = {"restore_id": f"{taken.request()['restore_id']}-5f1c0c5e"}
        beside, second = put_back(taken, **second_plan)
        ours |= {Path(beside["beside"]).name, Path(second["quarantine"][0]).name}
        assert len(ours) == 4
        assert {n: i for n, i in tree(volume).items() if n.split("/")[0] not in ours} == good
        assert tree(Path(swapped["quarantine"][0])) == broken
        assert not Path(second["quarantine"][0], "letter.txt").exists()
        assert swap(taken.request(**second_plan))["equal"] is True


def test_a_mount_inside_the_folder_is_refused(taken: Snapshotted) -> None:
    with (
        Mount(taken.live / "mount ed", "1m"),
        pytest.raises(SnapshotError, match="restore-nested-mount") as caught,
    ):
        restore_beside(taken.request())
    assert "mount ed" in caught.value.what


def test_a_full_disk_refuses_before_anything_is_fetched(
    master: Snapshotted, tmp_path: Path
) -> None:
    with Mount(tmp_path / "small", "8m") as small:
        taken = copy_of(master, tmp_path, small / "data")
        before = tree(taken.live)
        with pytest.raises(SnapshotError, match="restore-no-space"):
            restore_beside(taken.request())
        with pytest.raises(SnapshotError, match="restore-no-space"):
            restore_beside(taken.request(check_mode=True))
        assert tree(taken.live) == before


def test_a_disk_that_fills_while_fetching_leaves_the_live_data(
    master: Snapshotted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        restore_fetch, "demand_space", lambda *arguments: {"needed_bytes": 0, "free_bytes": 0}
    )
    with Mount(tmp_path / "small", "400k") as small:
        taken = copy_of(master, tmp_path, small / "data")
        before = tree(taken.live)
        with pytest.raises(SnapshotError) as caught:
            restore_beside(taken.request())
        assert caught.value.code in ("no-space", "engine-failed")
        with pytest.raises(SnapshotError, match="restore-not-compared"):
            swap(taken.request())
        assert tree(taken.live) == before
