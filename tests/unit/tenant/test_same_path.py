"""Whatever a manifest names goes over, or has a line that says why not (M7)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant.import_plan import ImportPlan, plan_import
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.name_rules import NameRules
from sluis.tenant.reconcile import _left_out
from sluis.tenant.reconciliation import Reconciliation
from sluis.tenant.tenant_manifest import COULD_NOT, ManifestLine


def line(item_id: str, path: str, kind: Any = "file", **more: Any) -> ManifestLine:
    bytes_: dict[str, Any] = {"stored": f"content/{item_id}", "sha256": "ab" * 32, "size": 1}
    return ManifestLine(
        path=path, type=kind, item_id=item_id, **{**(bytes_ if kind == "file" else {}), **more}
    )


def plan(*lines: ManifestLine, policy: ImportPolicy | None = None) -> ImportPlan:
    return plan_import(lines, policy or ImportPolicy(permissions=False), url_length=60)


def test_M7_of_two_files_with_one_path_none_is_dropped_in_silence() -> None:
    for pair in ((line("1", "a"), line("2", "a")), (line("2", "a"), line("1", "a"))):
        found = plan(*pair)
        assert [one.source_id for one in found.files] == ["1"]
        (left,) = found.left_out
        assert (left.path, left.code) == ("a", "same-path")
        assert "2" in left.why
        assert found.not_agreed(ImportPolicy()) == {"same-path": 1}
        assert found.not_agreed(ImportPolicy(leave_out=frozenset({"same-path"}))) == {}
    three = plan(*(line(one, "a") for one in "132"))
    assert ([one.source_id for one in three.files], len(three.left_out)) == (["1"], 2)


def test_M7_a_folder_goes_since_others_lie_in_it() -> None:
    found = plan(line("1", "a"), line("2", "a", "folder"), line("3", "a/b"))
    assert [one.source_id for one in (*found.folders, *found.files)] == ["2", "3"]
    assert [one.code for one in found.left_out] == ["same-path"]


@pytest.mark.parametrize("path", ["", "a/", "/a", "a//b"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_M7_an_item_without_a_name_has_a_line(path: str, kind: str) -> None:
    found = plan(line("1", path, kind), line("2", "fine"))
    assert [(one.path, one.code) for one in found.left_out] == [(path, "name-refused")]
    result = Reconciliation("d", "", "e" * 64, "every byte")
    _left_out(result, found, ImportPolicy())
    assert [one.path for one in result.lines] == [path]


_NAMES = ["a", "A", "b.txt", "B.TXT", "a*", "x" * 260, "", "con", "ü", "u\u0308", "a ", ".", "~$a"]
_KINDS = ["file", "file", "file", "folder", "package", "shortcut", "other"]


@st.composite
def manifests(draw: st.DrawFn) -> list[ManifestLine]:
    lines = []
    for number in range(draw(st.integers(0, 14))):
        path = "/".join(draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3)))
        kind: Any = draw(st.sampled_from(_KINDS))
        more: dict[str, Any] = {}
        if kind == "other" or draw(st.integers(0, 5)) == 0:
            more = {"state": COULD_NOT, "why": "It was refused."}
        elif kind == "file" and draw(st.integers(0, 5)) == 0:
            more = {"check": "corrupt"}
        lines.append(line(str(number), path, kind, **more))
    return lines


@given(
    manifests(),
    st.sampled_from([NameRules(), NameRules(characters="replace", clash="suffix", long="shorten")]),
)
def test_M7_every_line_goes_or_says_why_not(lines: list[ManifestLine], names: NameRules) -> None:
    """Items in the manifest = items in the plan + lines that say why not."""
    found = plan(*lines, policy=ImportPolicy(permissions=False, names=names))
    going = [one.source_id for one in (*found.folders, *found.files) if one.line is not None]
    assert len(set(going)) == len(going)
    assert len(going) + len(found.left_out) == len(lines)
    paths = Counter(one.path for one in lines)
    paths.subtract(one.path for one in found.left_out)
    paths.subtract(one.path for one in (*found.folders, *found.files) if one.line is not None)
    assert set(paths.values()) <= {0}
    targets = [one.target for one in (*found.folders, *found.files)]
    assert len(set(targets)) == len(targets)
