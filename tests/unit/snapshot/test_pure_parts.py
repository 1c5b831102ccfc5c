"""The small pure parts of the snapshot room."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.border.parts import Expected, Identity, Level, Place
from sluis.border.verbs.asset_copies import Generation
from sluis.errors import InputError, SnapshotError
from sluis.snapshot.elsewhere import why_not_elsewhere
from sluis.snapshot.generations import objections
from sluis.snapshot.identity import check_identity
from sluis.snapshot.levels import FAILED, LEVELS, NOT_VERIFIED, PROVEN, Finding, reached
from sluis.snapshot.nonce import FILE, is_nonce, nonce_hash, place, placed, take_away
from sluis.snapshot.restoring import is_folder_within
from sluis.snapshot.sample import chance_to_miss, choose, needed_for, sample_words
from sluis.snapshot.store import place_allowed, read_store, three_two_one, why_inside

PLACE = {"site": "North", "country": "NL", "provider": "Example"}
REST = {
    "id": "s", "kind": "rest", "url": "https://backup.example/p/", "machine": "backup.example",
    **PLACE,
}  # fmt: skip
SFTP = {
    "id": "s", "kind": "sftp", "path": "/srv/p", "machine": "backup.example", "user": "u",
    "host_key": "ssh-ed25519 AAAA", **PLACE,
}  # fmt: skip


# --- the sample -------------------------------------------------------------------------


def test_sample_sizes_are_those_of_the_literature() -> None:
    assert needed_for(0.01, 0.99) == 459
    assert needed_for(0.001, 0.99) == 4603


def test_a_sample_prints_the_chance_that_it_misses_damage() -> None:
    assert round(1 - chance_to_miss(10**7, 200, 10**5), 3) == 0.866
    assert round(1 - chance_to_miss(10**7, 200, 10**4), 3) == 0.181
    words = sample_words(50_000, 459)
    assert "459 of 50,000 files" in words
    assert "1.0%" in words
    assert "4,603" in words


@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 300))
def test_a_chance_is_a_chance_and_all_of_it_misses_nothing(
    total: int, looked: int, damaged: int
) -> None:
    looked, damaged = min(looked, total), min(damaged, total)
    chance = chance_to_miss(total, looked, damaged)
    assert 0 <= chance <= 1 + 1e-9
    if looked == total and damaged:
        assert chance == 0


def test_a_sample_is_drawn_from_all_and_cannot_be_known_beforehand() -> None:
    paths = [f"f{n}" for n in range(1000)]
    one, other = choose(paths, 50, "a" * 64), choose(paths, 50, "b" * 64)
    assert one == choose(list(reversed(paths)), 50, "a" * 64)
    assert len(set(one)) == 50
    assert one != other
    assert choose(paths, 2000, "a") == sorted(paths)


# --- the store --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "ftp"}, {"url": None}, {"url": "https://user:secret@backup.example/p"},
        {"url": "file:///srv"}, {"site": ""}, {"surprise": "x"}, {"country": None},
    ],
)  # fmt: skip
def test_a_bad_rest_store_is_refused(change: dict) -> None:
    with pytest.raises(InputError) as raised:
        read_store({**REST, **change})
    assert raised.value.code == "bad-store"
    assert "secret@" not in raised.value.what or "password" in raised.value.what


@pytest.mark.parametrize(
    "change",
    [{"host_key": None}, {"path": "relative"}, {"path": "/a'b"}, {"user": "-oProxyCommand=x"},
     {"machine": "-oProxyCommand=x"}, {"host_key": "x"}],
)  # fmt: skip
def test_a_bad_sftp_store_is_refused(change: dict) -> None:
    with pytest.raises(InputError):
        read_store({**SFTP, **change})


def test_case_A12_place_must_fit_in_every_part() -> None:
    store, allowed = read_store(REST), Place(**PLACE)
    assert place_allowed(store, [allowed])
    for name in PLACE:
        assert not place_allowed(store, [replace(allowed, **{name: "other"})])
    assert not place_allowed(store, [])


@pytest.mark.parametrize(
    ("url", "host_address", "own", "inside"),
    [
        ("http://192.0.2.9/", "192.0.2.1", [], False),
        ("http://192.0.2.9/", "192.0.2.1", ["192.0.2.9"], True),
        ("http://192.0.2.1/", "192.0.2.1", [], True),
        ("http://localhost:8000/", "192.0.2.1", [], True),
        ("http://127.0.0.1:8000/", "127.0.10.1", ["127.0.0.1"], True),
        ("http://127.0.10.9:8000/", "192.0.2.1", ["127.0.10.9"], True),
        ("http://127.0.10.9:8000/", None, ["127.0.10.9"], True),
        # the lab: every machine has an address of its own in 127.0.10.0/24
        ("http://127.0.10.9:8000/", "127.0.10.1", ["127.0.10.9"], False),
        ("http://127.0.10.1:8000/", "127.0.10.1", ["127.0.10.1"], True),
    ],
)
def test_a_store_on_the_machine_itself_is_found_out(
    url: str, host_address: str | None, own: list[str], inside: bool
) -> None:
    store = read_store({**REST, "url": url, "machine": "the-store"})
    assert bool(why_inside(store, "app1", host_address, own)) is inside
    named = read_store({**REST, "url": "http://192.0.2.9/", "machine": "app1"})
    assert why_inside(named, "app1", "192.0.2.1", [])


def test_a_folder_of_the_machine_is_not_outside() -> None:
    local = read_store({**SFTP, "kind": "local"})
    assert why_inside(local, "app1", "192.0.2.1", [])


def test_each_digit_of_3_2_1_1_0_is_said_by_itself() -> None:
    store = read_store(REST)
    facts = {"outside": True, "append_only": None, "no_errors": False}
    digits = three_two_one(store.id, store.site, ["the source", "the store"], "Practice", facts)
    assert list(digits) == ["3 copies", "2 media", "1 off-site", "1 immutable", "0 errors"]
    assert digits["3 copies"].startswith("2 of 3")
    assert digits["1 off-site"].startswith("yes")
    assert digits["1 immutable"] == "not verified"
    assert digits["0 errors"] == "no"
    assert three_two_one(store.id, store.site, [], "North", facts)["1 off-site"].startswith("no")
    assert three_two_one(store.id, store.site, [], None, facts)["1 off-site"].startswith(
        "not verified"
    )


# --- machines and processes -------------------------------------------------------------

FOUND = Identity("a" * 32, ("SHA256:one", "SHA256:two"), system_identifier="7")


@pytest.mark.parametrize(
    "expected",
    [{}, {"machine_id": None}, {"machine_id": "a" * 32}, {"host_keys": ("SHA256:two", "SHA256:x")},
     {"system_identifier": "7"}],
)  # fmt: skip
def test_the_expected_machine_is_accepted(expected: dict) -> None:
    check_identity("db1", Expected(**expected), FOUND)


@pytest.mark.parametrize(
    "expected",
    [{"machine_id": "b" * 32}, {"host_keys": ("SHA256:x",)}, {"system_identifier": "8"}],
)
def test_row_wrong_or_retired_source(expected: dict) -> None:
    for found in (FOUND, Identity()):
        with pytest.raises(SnapshotError) as raised:
            check_identity("db1", Expected(**expected), found)
        assert raised.value.code == "wrong-machine"


def test_case_A4_elsewhere_means_another_volume_or_machine_and_another_process(tmp_path) -> None:
    device = tmp_path.stat().st_dev
    here = Identity(boot_id="b", pid=2, pid_started=20)
    maker = Identity(boot_id="b", pid=1, pid_started=10, device=device)
    assert "on the volume of the source" in why_not_elsewhere(maker, here, str(tmp_path))
    assert why_not_elsewhere(replace(maker, device=device + 1), here, str(tmp_path)) is None
    assert why_not_elsewhere(replace(maker, boot_id="other"), here, str(tmp_path)) is None
    same = replace(here, device=device + 1)
    assert "process" in why_not_elsewhere(same, here, str(tmp_path))
    unknown = why_not_elsewhere(replace(maker, device=None), here, str(tmp_path))
    assert "nobody knows" in unknown


# --- the nonce --------------------------------------------------------------------------


def test_the_nonce_is_there_for_as_long_as_the_block_lasts(tmp_path) -> None:
    nonce = "ab" * 32
    with placed(str(tmp_path), nonce) as why_not:
        assert why_not == ""
        assert is_nonce(str(tmp_path), nonce_hash(nonce))
        assert not is_nonce(str(tmp_path), nonce_hash("cd" * 32))
        assert not is_nonce(str(tmp_path), None)
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert not (tmp_path / FILE).exists()


def test_the_nonce_of_a_killed_run_is_replaced_and_a_strangers_file_stays(tmp_path) -> None:
    assert place(str(tmp_path), "ab" * 32) == ""
    assert place(str(tmp_path), "cd" * 32) == ""
    assert is_nonce(str(tmp_path), nonce_hash("cd" * 32))
    take_away(str(tmp_path))
    (tmp_path / FILE).write_text("somebody's shopping list")
    assert "not ours" in place(str(tmp_path), "ab" * 32)
    take_away(str(tmp_path))
    assert (tmp_path / FILE).read_text() == "somebody's shopping list"


def test_a_link_in_the_nonces_place_is_not_followed(tmp_path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("ab" * 32)
    (tmp_path / FILE).symlink_to(victim)
    assert place(str(tmp_path), "cd" * 32) != ""
    assert victim.read_text() == "ab" * 32
    assert not is_nonce(str(tmp_path), nonce_hash("ab" * 32))


# --- levels -----------------------------------------------------------------------------


@given(st.lists(st.sampled_from([PROVEN, FAILED, NOT_VERIFIED]), min_size=7, max_size=7))
def test_a_level_counts_only_on_top_of_all_below(verdicts: list[str]) -> None:
    levels = [Level(n, v, "") for n, v in zip(LEVELS, verdicts, strict=True)]
    proven = list(itertools.takewhile(lambda v: v == PROVEN, verdicts))
    assert reached(levels) == (LEVELS[len(proven) - 1] if proven else None)


def test_what_did_not_run_is_not_verified() -> None:
    assert Finding("V2").as_level().verdict == NOT_VERIFIED
    with Finding("V2") as untouched:
        pass
    assert untouched.verdict == NOT_VERIFIED
    with Finding("V2") as unlucky:
        raise SnapshotError("store-unreachable", "The store is away.", "Wait.")
    assert unlucky.verdict == NOT_VERIFIED
    with Finding("V2") as damaged:
        raise SnapshotError("engine-failed", "A pack is damaged.", "Look.")
    assert damaged.verdict == FAILED
    with pytest.raises(ZeroDivisionError), Finding("V2"):
        _ = 1 / 0
    assert reached([]) is None


# --- generations ------------------------------------------------------------------------


def _generations(*contents: str | None) -> list[Generation]:
    return [Generation(f"copy {n}", "2026-01-01", c) for n, c in enumerate(contents)]


@pytest.mark.parametrize(
    ("contents", "source", "codes"),
    [
        ([], "s", ["no-generation"]),
        (["a"], "a", ["too-few-generations"]),
        (["a", "a", "a"], "a", ["too-few-generations"]),
        (["a", "a"], "b", ["too-few-generations", "newest-equals-previous"]),
        (["a", "a", "b"], "c", ["newest-equals-previous"]),
        (["a", "a", "b"], "a", []),
        (["a", "b"], "c", []),
        (["a", "b", None], None, []),
        (["a", None], "a", ["too-few-generations"]),
    ],
)
def test_case_A3_generations(contents: list, source: str, codes: list[str]) -> None:
    assert [o.code for o in objections(_generations(*contents), source)] == codes


def test_case_A3_one_copy_that_overwrites_the_one_before_is_said_in_words() -> None:
    (only,) = objections(_generations("a"), "a")
    assert "overwrites the one before" in only.sentence


def test_a_link_in_a_copy_does_not_lead_out_of_it(tmp_path: Path) -> None:
    """The names and digests of what it leads to would be reported as the copy's."""
    inside = tmp_path / "srv" / "documents"
    inside.mkdir(parents=True)
    (tmp_path / "out").symlink_to("/")
    (inside / "file").write_text("x")
    assert is_folder_within(str(tmp_path), "srv/documents")
    for path in (
        "out",
        "out/etc",
        "../",
        "srv/../srv",
        "srv//documents",
        "srv/documents/file",
        "no",
    ):
        assert not is_folder_within(str(tmp_path), path)
