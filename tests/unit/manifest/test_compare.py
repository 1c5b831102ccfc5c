from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.evidence.canonical import canonical
from sluis.manifest import Comparison, Entry, Manifest, Problem, compare


def _entry(path: str, content: str, kind: str = "file") -> Entry:
    return Entry(path, kind, len(content), content * 64 if kind == "file" else None, 0, 0o644)


def _manifest(**files: str) -> Manifest:
    return Manifest({path: _entry(path, content) for path, content in files.items()})


def _lists(found: Comparison) -> dict[str, list[str]]:
    return {
        name: [d.path for d in getattr(found, name)]
        for name in ("changed_during", "failed", "missing", "extra", "unknown")
        if getattr(found, name)
    }


def test_equal() -> None:
    one = _manifest(a="1", b="2")
    found = compare(one, one, one)
    assert found.holds
    assert found.equal == ("a", "b")
    assert (found.items, found.bytes) == (2, 2)


def test_each_difference_is_in_its_own_list() -> None:
    before = _manifest(same="1", grew="1", late="1", lost="1", torn="1", damaged="1", going="1")
    after = _manifest(same="1", grew="2", late="2", lost="1", torn="3", damaged="1", new="1")
    restored = _manifest(same="1", grew="2", late="1", torn="2", damaged="2", new="1", stranger="1")
    found = compare(before, after, restored)
    assert not found.holds
    assert found.equal == ("same",)
    assert _lists(found) == {
        "changed_during": ["grew", "late", "going", "new"],
        "failed": ["torn", "damaged"],
        "missing": ["lost"],
        "extra": ["stranger"],
    }


def test_what_could_not_be_read_is_unknown_and_not_equal() -> None:
    unread = Manifest(
        {"f": Entry("f", "file", 1, None, 0, 0o644)}, (Problem("f", "unreadable", "no"),)
    )
    found = compare(unread, None, _manifest(f="1"))
    assert not found.holds
    assert _lists(found) == {"unknown": ["f"]}
    blank = Manifest({"f": Entry("f", "file", 1, None, 0, 0o644)})
    assert _lists(compare(blank, None, blank)) == {"unknown": ["f"]}


def test_a_copy_that_cannot_be_read_has_failed() -> None:
    source = _manifest(f="1")
    copy = Manifest(dict(source.entries), (Problem("f", "unreadable", "Input/output error"),))
    assert not compare(source, None, copy).holds


def test_sockets_hold_no_data() -> None:
    source = Manifest({"s": Entry("s", "socket", 0, None, 0, 0o644)})
    assert compare(source, None, Manifest({})).holds


def test_another_type_or_target_is_a_failure_and_another_mode_is_listed() -> None:
    source = Manifest(
        {
            "l": Entry("l", "link", 0, None, 0, 0o777, "here"),
            "d": Entry("d", "dir", 0, None, 0, 0o755),
            "f": _entry("f", "1"),
        }
    )
    copy = Manifest(
        {
            "l": Entry("l", "link", 0, None, 0, 0o777, "there"),
            "d": Entry("d", "fifo", 0, None, 0, 0o755),
            "f": _entry("f", "1")._replace(mode=0o600),
        }
    )
    found = compare(source, None, copy)
    assert _lists(found) == {"failed": ["l", "d"]}
    assert [d.path for d in found.metadata] == ["f"]


def test_differences_can_be_kept_as_evidence() -> None:
    now = 1_795_296_890_244_834_856  # nanoseconds pass 2**53
    one = Manifest({"bad\udcff": _entry("bad\udcff", "1")._replace(mtime_ns=now)})
    two = Manifest({"bad\udcff": _entry("bad\udcff", "2")._replace(mtime_ns=now + 1)})
    record = compare(one, None, two).as_dict()
    assert b"bad\\\\xff" in canonical(record)
    assert record["failed"][0]["restored"]["mtime_ns"] == str(now + 1)


_files = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"), max_size=4)


@given(_files, _files, _files)
def test_case_A11_a_verdict_is_right_for_every_path(
    before: dict[str, str], after: dict[str, str], restored: dict[str, str]
) -> None:
    found = compare(_manifest(**before), _manifest(**after), _manifest(**restored))
    for path in {*before, *after, *restored}:
        b, a, r = before.get(path), after.get(path), restored.get(path)
        right = r in (b, a)
        lists = [path in found.equal] + [
            path in [d.path for d in getattr(found, name)]
            for name in ("changed_during", "failed", "missing", "extra", "unknown")
        ]
        assert sum(lists) == 1, path
        # wrong is never called equal or changed, and right is never called wrong
        assert (lists[0] or lists[1]) == right, path
        if lists[0]:
            assert b == a == r
    assert found.holds == all(restored.get(p) in (before.get(p), after.get(p))
                              for p in {*before, *after, *restored})  # fmt: skip


@given(_files, st.data())
def test_any_change_to_a_copy_of_a_quiet_source_is_found(
    source: dict[str, str], data: st.DataObject
) -> None:
    copy = data.draw(_files)
    found = compare(_manifest(**source), None, _manifest(**copy))
    assert found.holds == (source == copy)


_READ = _manifest(f="1")
_BLANK = Manifest({"f": Entry("f", "file", 1, None, 0, 0o644)})
_GONE = Manifest({})
_REFUSED = (Problem("f", "unreadable", "no"),)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize(
    "source",
    [
        Manifest(dict(_READ.entries), _REFUSED),
        Manifest(dict(_BLANK.entries), _REFUSED),
        Manifest({}, _REFUSED),
        Manifest({}, (Problem("f", "vanished", "no such file"),)),
        _BLANK,
    ],
    ids=["read once", "not hashed", "not seen", "vanished", "no problem named"],
)
@pytest.mark.parametrize("restored", [_READ, _GONE], ids=["restored", "not restored"])
def test_T31_unreadable_at_either_moment_is_unknown(side, source, restored) -> None:
    before, after = (source, _READ) if side == "before" else (_READ, source)
    found = compare(before, after, restored)
    assert _lists(found) == {"unknown": ["f"]}
    assert (found.equal, found.items, found.bytes, found.holds) == ((), 0, 0, False)


@pytest.mark.parametrize(
    "sides", [(_GONE, Manifest({}, _REFUSED)), (Manifest({}, _REFUSED), _GONE)]
)
def test_T31_what_nobody_could_read_and_nobody_else_saw_is_unknown(sides) -> None:
    assert _lists(compare(*sides, _GONE)) == {"unknown": ["f"]}


def test_T31_no_shortcut_hides_what_could_not_be_read() -> None:
    refused = Manifest(dict(_READ.entries), _REFUSED)
    assert _lists(compare(refused, None, refused))["unknown"] == ["f"]
    assert _lists(compare(refused, refused, refused))["unknown"] == ["f"]
    assert _lists(compare(_READ, refused, _READ)) == {"unknown": ["f"]}
    assert _lists(compare(_READ, _BLANK, _READ)) == {"unknown": ["f"]}


def test_T31_an_item_that_cannot_be_restored_is_no_reason_to_leave_out_another() -> None:
    before = _manifest(f="1", g="1")
    after = Manifest(dict(before.entries), _REFUSED)
    found = compare(before, after, _manifest(f="1", g="1"))
    assert (found.equal, _lists(found)) == (("g",), {"unknown": ["f"]})
