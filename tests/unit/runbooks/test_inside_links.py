"""A step that is said to stay in an asset, and that a link leads out of it (A6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError, SnapshotError
from sluis.plan.model import PlanStep
from sluis.runbook import inside_links
from sluis.runbook.inside_links import LOOKS, refuse_links
from sluis.scope.model import ScopeDocument
from support.evidence_made import step
from support.guarded_call import Guarded
from support.scopes import make_scope

COPY, FILE = "ansible.builtin.copy", "ansible.builtin.file"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "incoming"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "rates").write_text("x")
    (folder / "logs").mkdir()
    (tmp_path / "billing").mkdir()
    (folder / "current").symlink_to(tmp_path / "billing")
    (folder / "newest").symlink_to("2026")
    (folder / "kept").symlink_to("logs")
    (folder / "gone").symlink_to("../not there")
    (folder / "2026" / "out").symlink_to("../current")
    return folder


@pytest.fixture
def scope(home: Path) -> ScopeDocument:
    made = make_scope()
    folder = next(one for one in made.assets if one.kind == "directory")
    here = folder.model_copy(update={"location": str(home), "host": "h1", "exclude": ("logs",)})
    return made.model_copy(update={"assets": (here,)})


@pytest.fixture
def look(tmp_path: Path) -> Callable[[str, Mapping[str, Any]], Mapping[str, Any]]:
    """Ansible's own module, on this machine."""
    guarded = Guarded(tmp_path)
    action = guarded.action()
    return lambda module, args: dict(
        action._execute_module(module_name=module, module_args=args, task_vars=guarded.variables)
    )


def _answering(answer: Mapping[str, Any]) -> Callable[[str, Mapping[str, Any]], Mapping[str, Any]]:
    return lambda *_: answer


def _call(scope: ScopeDocument, module: str = COPY, **args: Any) -> PlanStep:
    inside = (scope.assets[0].id,)
    return step("install", "h1", "192.0.2.1", module=module, inside=inside, args=args)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("current/rates.conf", "billing"),
        ("current", "billing"),
        ("newest/out/rates.conf", "billing"),
        ("kept/today", "logs"),
        ("gone", "not there"),
    ],
    ids=["a folder", "the last", "by two links", "left out of the copy", "to nothing"],
)
def test_A6_a_link_that_leads_out_is_refused(
    home: Path, scope: ScopeDocument, look: Any, path: str, to: str
) -> None:
    with pytest.raises(InputError, match="not-inside") as told:
        refuse_links(_call(scope, dest=str(home / path)), scope, look)
    assert "is a link there, to '" in told.value.what
    assert f"{to}'" in told.value.what
    assert "as it lies in the asset" in told.value.remedy


@pytest.mark.parametrize("path", ["newest/rates", "2026/rates", "2026/new/deep", "newest", ""])
def test_A6_what_lies_in_the_asset_passes(
    home: Path, scope: ScopeDocument, look: Any, path: str
) -> None:
    refuse_links(_call(scope, dest=f"{home}/{path}"), scope, look)


def test_A6_a_link_that_is_changed_itself_is_in_the_asset(
    home: Path, scope: ScopeDocument, look: Any
) -> None:
    for state in ("link", "absent"):
        refuse_links(_call(scope, FILE, path=str(home / "current"), state=state), scope, look)
        with pytest.raises(InputError, match="not-inside"):
            deeper = str(home / "current" / "x")
            refuse_links(_call(scope, FILE, path=deeper, state=state), scope, look)
    with pytest.raises(InputError, match="not-inside"):
        refuse_links(_call(scope, FILE, path=str(home / "current"), state="touch"), scope, look)


def test_A6_what_nobody_could_see_is_no_yes(home: Path, scope: ScopeDocument) -> None:
    answers: list[dict[str, Any]] = [
        {"failed": True, "msg": "Permission denied"}, {}, {"stat": {}}, {"stat": 1},
    ]  # fmt: skip
    for answer in answers:
        with pytest.raises(SnapshotError, match="link-not-looked-at"):
            refuse_links(_call(scope, dest=f"{home}/x"), scope, _answering(answer))


def test_A6_a_host_is_asked_of_no_step_that_writes_no_such_path(scope: ScopeDocument) -> None:
    def look(module: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AssertionError("the host was asked")

    location = scope.assets[0].location
    refuse_links(step("a", "h1", "192.0.2.1", args={"dest": f"{location}/x"}), scope, look)
    refuse_links(_call(scope, "ansible.builtin.command", cmd=f"{location}/x"), scope, look)
    refuse_links(_call(scope, dest=location), scope, look)
    refuse_links(_call(scope, dest="/srv/elsewhere"), scope, look)  # as it is written: refused


TEMPLATE, UNARCHIVE = "ansible.builtin.template", "ansible.builtin.unarchive"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A folder of ours that is sent."""
    folder = tmp_path / "new"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "rates").write_text("new")
    (folder / "fresh").mkdir()
    return folder


def _refused(step_: PlanStep, scope: ScopeDocument, look: Any, says: str, **more: Any) -> None:
    with pytest.raises(InputError, match="not-inside") as told:
        refuse_links(step_, scope, look, **more)
    assert says in told.value.what


@pytest.mark.slow
@pytest.mark.parametrize("src", ["new/", "new"])
def test_A2_a_folder_that_is_sent_is_looked_at_by_its_paths(
    home: Path, scope: ScopeDocument, look: Any, new: Path, src: str
) -> None:
    sent = {"src": f"{new.parent}/{src}", "dest": f"{home}/", "mode": "0644"}
    refuse_links(_call(scope, **sent), scope, look)  # the links there are on none of its paths
    top = "" if src.endswith("/") else "new/"
    (new / "current").mkdir()
    (new / "current" / "rates.conf").write_text("new")
    if top:
        (home / "new").mkdir()
        (home / "new" / "current").symlink_to(home / "current")
    _refused(_call(scope, **sent), scope, look, f"{top}current is a link there")
    # what was planned has the name; what is sent is what was kept of it
    planned = _call(scope, **{**sent, "src": "files/"})
    _refused(planned, scope, look, "is a link there", args=sent)


@pytest.mark.slow
def test_A2_a_folder_that_is_sent_goes_by_links_that_stay_inside(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    sent = {"src": f"{new}/", "dest": str(home)}
    (new / "2026").rename(new / "newest")
    refuse_links(_call(scope, **sent), scope, look)
    (new / "newest" / "out").mkdir()
    _refused(_call(scope, **sent), scope, look, "out is a link there")


@pytest.mark.slow
def test_A2_a_file_of_a_folder_that_goes_into_a_folder_of_that_name(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    (new / "file").write_text("x")
    (home / "file").mkdir()
    (home / "file" / "file").symlink_to("../../billing")
    _refused(_call(scope, src=f"{new}/", dest=str(home)), scope, look, "file/file is a link")


def test_A2_what_is_sent_to_where_no_copy_is_made(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    (new / "logs").mkdir()
    _refused(_call(scope, src=f"{new}/", dest=str(home)), scope, look, "logs'")


def test_A2_links_that_are_sent_change_what_they_lead_to(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    (new / "link").symlink_to("/srv/elsewhere")
    sent = {"src": f"{new}/", "dest": str(home), "local_follow": False}
    refuse_links(_call(scope, **sent), scope, look)
    _refused(_call(scope, **sent, mode="0600"), scope, look, "with mode it changes")


@pytest.mark.slow
@pytest.mark.parametrize("module", [COPY, TEMPLATE])
def test_A2_a_file_that_goes_into_a_folder_lies_there_by_its_name(
    home: Path, scope: ScopeDocument, look: Any, module: str
) -> None:
    for name, is_refused in (("current", True), ("rates", False), ("newest", False)):
        call = _call(scope, module, dest=str(home), src=f"files/{name}")
        if is_refused:
            _refused(call, scope, look, "current is a link there")
        else:
            refuse_links(call, scope, look)
    (home / "rates").mkdir()
    (home / "rates" / "rates").symlink_to("../../billing")
    _refused(_call(scope, module, dest=f"{home}/", src="rates"), scope, look, "rates/rates is")


@pytest.mark.slow
def test_A2_an_archive_may_go_by_each_link_that_lies_below(
    home: Path, scope: ScopeDocument, look: Any
) -> None:
    def into(path: str) -> PlanStep:
        return _call(scope, UNARCHIVE, src="x.tar.gz", dest=f"{home}/{path}")

    _refused(into(""), scope, look, "is a link there")
    _refused(into("2026"), scope, look, "out is a link there")
    refuse_links(into("5.1/new"), scope, look)
    (home / "5.1").mkdir()
    (home / "5.1" / "in").symlink_to("new")
    refuse_links(into("5.1"), scope, look)
    (home / "5.1" / "year").symlink_to("../2026")
    _refused(into("5.1"), scope, look, "2026/out is a link there")


@pytest.mark.slow
def test_A2_more_links_than_anybody_looks_at_are_no_yes(
    home: Path, scope: ScopeDocument, monkeypatch: pytest.MonkeyPatch, look: Any
) -> None:
    monkeypatch.setattr(inside_links, "MOST_LINKS", 1)
    (home / "5.1").mkdir()
    call = _call(scope, UNARCHIVE, src="x.tar.gz", dest=f"{home}/5.1")
    (home / "5.1" / "a").symlink_to("new")
    refuse_links(call, scope, look)
    (home / "5.1" / "b").symlink_to("new")
    _refused(call, scope, look, "more than 1 links")


@pytest.mark.slow
def test_A2_what_is_copied_on_the_host_itself(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    def of(src: Path, dest: str) -> PlanStep:
        return _call(scope, src=str(src), dest=f"{home}/{dest}", remote_src=True)

    _refused(of(new, "2026"), scope, look, "out is a link there")
    refuse_links(of(new / "2026" / "rates", "2026"), scope, look)
    (new / "out").write_text("x")
    _refused(of(new / "out", "2026"), scope, look, "out is a link there")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "below"),
    [("git", "dest", ".git"), ("pip", "virtualenv", "lib"), ("subversion", "dest", ".svn")],
)
def test_A2_what_a_program_keeps_in_its_folder_is_looked_at(
    home: Path, scope: ScopeDocument, look: Any, module: str, name: str, below: str
) -> None:
    call = _call(scope, f"ansible.builtin.{module}", **{name: str(home / "2026")})
    refuse_links(call, scope, look)
    (home / "2026" / below).symlink_to("../../billing")
    _refused(call, scope, look, f"{below} is a link there")


@pytest.mark.slow
def test_A2_what_a_new_link_leads_to_is_looked_at(
    home: Path, scope: ScopeDocument, look: Any
) -> None:
    made = {"path": str(home / "made"), "src": str(home / "current")}
    for how in ({"state": "link", "mode": "0600"}, {"state": "hard"}):
        _refused(_call(scope, FILE, **made, **how), scope, look, "current is a link there")
    refuse_links(_call(scope, FILE, **made, state="link"), scope, look)
    # no src: what the link leads to by now
    call = _call(scope, FILE, path=str(home / "current"), state="link", mode="0600")
    _refused(call, scope, look, "current is a link there")


@pytest.mark.slow
def test_A8_the_place_of_an_asset_that_is_a_link_is_not_taken_away(
    home: Path, scope: ScopeDocument, look: Any, tmp_path: Path
) -> None:
    call = _call(scope, FILE, path=str(home), state="absent")
    refuse_links(call, scope, look)
    home.rename(tmp_path / "v1")
    home.symlink_to("v1")
    _refused(call, scope, look, "the place of the asset itself")


def test_A2_links_that_nobody_could_see_are_no_yes(home: Path, scope: ScopeDocument) -> None:
    folder = {"stat": {"exists": True, "isdir": True}}
    answers: list[dict[str, Any]] = [
        {"failed": True, "msg": "x"}, {"files": [], "skipped_paths": {"/x": "denied"}}, {},
    ]  # fmt: skip
    for answer in answers:
        with pytest.raises(SnapshotError, match=r"link-not-looked-at: .*which links lie below"):
            refuse_links(
                _call(scope, UNARCHIVE, src="x", dest=str(home)), scope,
                lambda module, _, answer=answer: folder if module == LOOKS else answer,
            )  # fmt: skip
