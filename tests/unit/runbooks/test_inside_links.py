"""A step that is said to stay in an asset, and that a link leads out of it (A6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError, SnapshotError
from sluis.plan.model import PlanStep
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
        ("newest/out/rates.conf", "2026"),
        ("newest/rates", "2026"),
        ("kept/today", "logs"),
        ("gone", "not there"),
    ],
    ids=[
        "a folder",
        "the last",
        "by two links",
        "in the asset",
        "left out of the copy",
        "to nothing",
    ],
)
def test_A6_a_link_that_leads_out_is_refused(
    home: Path, scope: ScopeDocument, look: Any, path: str, to: str
) -> None:
    with pytest.raises(InputError, match="not-inside") as told:
        refuse_links(_call(scope, dest=str(home / path)), scope, look)
    assert "is a link there, to '" in told.value.what
    assert f"{to}'" in told.value.what
    assert "as it lies in the asset" in told.value.remedy


@pytest.mark.parametrize("path", ["2026/rates", "2026/new/deep", "new"])
@pytest.mark.parametrize("module", [COPY, "ansible.builtin.template"])
def test_A6_what_lies_in_the_asset_passes(
    home: Path, scope: ScopeDocument, look: Any, path: str, module: str
) -> None:
    refuse_links(_call(scope, module, src="x", dest=f"{home}/{path}"), scope, look)


@pytest.mark.parametrize("module", [COPY, "ansible.builtin.template"])
def test_A7_a_file_is_written_by_the_name_that_was_signed(
    home: Path, scope: ScopeDocument, look: Any, module: str
) -> None:
    """In a folder it would get the name of its source, and may meet a link there."""
    for path in ("2026", "", "not there yet/"):
        call = _call(scope, module, src="x", dest=f"{home}/{path}")
        _refused(call, scope, look, "is a folder there, and it would write a file of another name")


@pytest.mark.parametrize(
    ("module", "args"),
    [
        (COPY, {"dest": "2026/rates", "content": "x", "mode": "0600"}),
        (FILE, {"path": "2026/rates", "state": "file", "mode": "0600"}),
        ("ansible.builtin.lineinfile", {"path": "2026/rates", "line": "x"}),
    ],
)
def test_A3_a_file_that_has_another_name_elsewhere_is_refused(
    home: Path, scope: ScopeDocument, look: Any, module: str, args: dict[str, Any]
) -> None:
    call = _call(scope, module, **{k: v if k not in ("dest", "path") else f"{home}/{v}"
                                   for k, v in args.items()})  # fmt: skip
    refuse_links(call, scope, look)
    (home.parent / "billing" / "same").hardlink_to(home / "2026" / "rates")
    _refused(call, scope, look, "has another name on that machine")
    gone = _call(scope, FILE, path=f"{home}/2026/rates", state="absent")
    refuse_links(gone, scope, look)


def test_A6_a_link_that_is_changed_itself_is_in_the_asset(
    home: Path, scope: ScopeDocument, look: Any
) -> None:
    for state in ("link", "absent"):
        refuse_links(_call(scope, FILE, path=str(home / "current"), state=state), scope, look)
        with pytest.raises(InputError, match="not-inside"):
            deeper = str(home / "current" / "x")
            refuse_links(_call(scope, FILE, path=deeper, state=state), scope, look)
        for end in ("/", "/."):  # Ansible takes away what lies behind such a path
            call = _call(scope, FILE, path=f"{home}/current{end}", state=state)
            _refused(call, scope, look, "current is a link there")
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
    refuse_links(_call(scope, dest="/srv/elsewhere"), scope, look)  # as it is written: refused
    call = _call(scope, "ansible.builtin.lineinfile", path=location, line="x")
    with pytest.raises(AssertionError, match="was asked"):
        refuse_links(call, scope, look)


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
    _refused(_call(scope, **sent), scope, look, f"{top}current, which it may go by, is a link")
    # what was planned has the name; what is sent is what was kept of it
    planned = _call(scope, **{**sent, "src": "files/"})
    _refused(planned, scope, look, "is a link there", args=sent)


@pytest.mark.slow
def test_A2_a_file_of_a_folder_that_goes_into_a_folder_of_that_name(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    (new / "file").write_text("x")
    call = _call(scope, src=f"{new}/", dest=str(home))
    refuse_links(call, scope, look)
    (home / "file").mkdir()
    _refused(call, scope, look, "file is a folder there")


def test_A2_what_is_sent_to_where_no_copy_is_made(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    (new / "logs").mkdir()
    _refused(_call(scope, src=f"{new}/", dest=str(home)), scope, look, "logs'")


def test_A2_links_that_are_sent_in_a_circle_are_refused(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    (new / "fresh" / "again").symlink_to("..")
    call = _call(scope, src=f"{new}/", dest=f"{home}/new")
    _refused(call, scope, look, "lead in a circle")


def test_A9_what_backup_keeps_of_a_folder_that_is_sent_lies_in_the_copy(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    (asset,) = scope.assets
    scope = scope.model_copy(
        update={"assets": (asset.model_copy(update={"exclude": ("new/2026/*~",)}),)}
    )
    sent = {"src": f"{new}/", "dest": f"{home}/new"}
    refuse_links(_call(scope, **sent), scope, look)
    _refused(_call(scope, **sent, backup=True), scope, look, "~'")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["an archive", "recurse"])
def test_A2_what_goes_by_each_path_below_meets_no_link(
    home: Path, scope: ScopeDocument, look: Any, how: str
) -> None:
    def into(path: str) -> PlanStep:
        if how == "recurse":
            rights = {"state": "directory", "recurse": True, "mode": "0700"}
            return _call(scope, FILE, path=f"{home}/{path}", **rights)
        return _call(scope, UNARCHIVE, src="x.tar.gz", dest=f"{home}/{path}")

    _refused(into(""), scope, look, "which it may go by, is a link there")
    _refused(into("2026"), scope, look, "out, which it may go by, is a link there")
    refuse_links(into("5.1/new"), scope, look)
    (home / "5.1").mkdir()
    refuse_links(into("5.1"), scope, look)
    (home / "5.1" / ".in").symlink_to("new")
    _refused(into("5.1"), scope, look, ".in, which it may go by")


@pytest.mark.slow
def test_A2_what_is_copied_on_the_host_itself_is_one_file(
    home: Path, scope: ScopeDocument, look: Any, new: Path
) -> None:
    def of(src: Path, dest: str) -> PlanStep:
        return _call(scope, src=str(src), dest=f"{home}/{dest}", remote_src=True)

    _refused(of(new, "new"), scope, look, "nobody lists")
    refuse_links(of(new / "2026" / "rates", "2026/new"), scope, look)
    _refused(of(new / "2026" / "rates", "2026"), scope, look, "is a folder there")


@pytest.mark.slow
def test_A8_the_place_of_an_asset_that_is_a_link_is_not_taken_away(
    home: Path, scope: ScopeDocument, look: Any, tmp_path: Path
) -> None:
    call = _call(scope, FILE, path=str(home), state="absent")
    refuse_links(call, scope, look)
    home.rename(tmp_path / "v1")
    home.symlink_to("v1")
    _refused(call, scope, look, "the place of the asset itself")


def test_A8_a_database_whose_place_is_a_link_is_not_replaced(
    home: Path, scope: ScopeDocument, look: Any
) -> None:
    (asset,) = scope.assets
    place = {"kind": "sqlite", "location": str(home / "2026" / "rates"), "exclude": ()}
    scope = scope.model_copy(update={"assets": (asset.model_copy(update=place),)})
    call = _call(scope, src="x", dest=place["location"])
    refuse_links(call, scope, look)
    (home / "2026" / "rates").rename(home / "rates")
    (home / "2026" / "rates").symlink_to("../rates")
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
