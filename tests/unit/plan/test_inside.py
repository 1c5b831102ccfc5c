"""A step that is said to stay in some assets, and says itself that it writes elsewhere (F6)."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.errors import InputError
from sluis.plan.inside import refuse_what_lies_elsewhere, written_elsewhere
from sluis.plan.inside_modules import CORE, FILE, PROGRAMS, READERS, STATES, WRITERS
from sluis.plan.model import PlanDocument
from support.evidence_made import EMPTY, step
from support.scopes import make_scope

SCOPE = make_scope()
FOLDER = next(one for one in SCOPE.assets if one.kind == "directory")
DATABASE = next(one for one in SCOPE.assets if one.kind not in ("directory", "sqlite"))
COPY = "ansible.builtin.copy"


def _refuse(
    path: Any, module: str = COPY, inside: tuple[str, ...] = (FOLDER.id,), host: str | None = None,
    exclude: tuple[str, ...] = (), name: str = "", **more: Any,
) -> None:  # fmt: skip
    known = WRITERS.get(module)
    args = {name or (known.path[0] if known else "dest"): path}
    called = step(
        "install", host or str(FOLDER.host), "192.0.2.1", module=module, inside=inside,
        **{"args": args, **more},
    )  # fmt: skip
    plan = PlanDocument(
        client="acme", change="CHG-1", playbook="update.yml", scope_object=EMPTY,
        tree_sha256=EMPTY, hosts=("h1",), steps=(called,),
    )  # fmt: skip
    folder = FOLDER.model_copy(update={"exclude": exclude})
    assets = tuple(folder if one is FOLDER else one for one in SCOPE.assets)
    refuse_what_lies_elsewhere(plan, SCOPE.model_copy(update={"assets": assets}))


NAMED = [(module, name) for module, writer in WRITERS.items() for name in writer.path]
#: what a module needs besides its path
NEEDS: dict[str, dict[str, Any]] = {FILE: {"state": "touch"}}


@pytest.mark.parametrize(("module", "name"), NAMED)
def test_F6_what_is_written_in_the_asset_is_undone_by_putting_it_back(
    module: str, name: str
) -> None:
    more = NEEDS.get(module, {})
    for path in (FOLDER.location, f"{FOLDER.location}/", f"{FOLDER.location}/a/b"):
        _refuse(None, module, args={**more, name: path})
    for path in ("/srv/elsewhere", "/", "//srv", f"{FOLDER.location}/../x"):
        with pytest.raises(InputError, match=r"not-inside.*it writes '/"):
            _refuse(None, module, args={**more, name: path})
    # what Ansible would make of these nobody can tell here
    for path in ("~/x", "~root/x", "./../x", "x", "$HOME/x", f"{FOLDER.location}/$X/y", 5, ["/x"]):
        with pytest.raises(InputError, match=r"not-inside.*no full path"):
            _refuse(None, module, args={**more, name: path})
    # two names of one argument: the module takes one of them
    for other in {*WRITERS[module].path} - {name}:
        with pytest.raises(InputError, match="not-inside"):
            _refuse(
                None, module, args={**more, name: f"{FOLDER.location}/x", other: "/srv/elsewhere"}
            )
    for nothing in ({}, {name: ""}, {name: None}):
        with pytest.raises(InputError, match=r"not-inside.*is not written"):
            _refuse(None, module, args={**more, **nothing})
    # known only when it runs
    for later in ({"args_at_apply": {name: "/x"}}, {"secret_args": (name,)}):
        with pytest.raises(InputError, match=r"not-inside.*known only when it runs"):
            _refuse(None, module, args=more, **later)


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("apt", {"name": "x"}),
        ("assemble", {"src": "x", "dest": f"{FOLDER.location}/x"}),
        ("cron", {"name": "x", "cron_file": f"{FOLDER.location}/x"}),
        ("get_url", {"url": "https://records.example/x", "dest": f"{FOLDER.location}/x"}),
        ("git", {"repo": "https://records.example/x", "dest": f"{FOLDER.location}/x"}),
        ("known_hosts", {"name": "x", "path": f"{FOLDER.location}/x"}),
        ("one_that_an_upgrade_brings", {"dest": f"{FOLDER.location}/x"}),
        ("pip", {"name": "x", "virtualenv": f"{FOLDER.location}/x"}),
        ("setup", {}),
        ("subversion", {"repo": "x", "dest": f"{FOLDER.location}/x"}),
        ("systemd_service", {"name": "x"}),
        ("tempfile", {"path": FOLDER.location}),
        ("uri", {"url": "https://records.example/x"}),
        ("uri", {"url": "https://records.example/x", "dest": f"{FOLDER.location}/x"}),
    ],
)
def test_A6_a_module_of_which_it_is_not_certain_what_it_writes_is_refused(
    module: str, args: dict[str, Any]
) -> None:
    """Each of these was let through once, and wrote beside the asset by a way nobody had seen."""
    told = _told(module, args=args)
    assert f"ansible.builtin.{module} is none of the modules" in told.what
    assert "ansible.builtin.copy or ansible.builtin.unarchive" in told.remedy
    assert "stays:" in told.remedy
    _refuse(None, f"{CORE}{module}", args=args, inside=())


@pytest.mark.parametrize("module", sorted(READERS | PROGRAMS))
def test_F6_what_only_reads_and_what_is_the_engineers_word_passes(module: str) -> None:
    _refuse(None, module, args={"path": "/srv/elsewhere", "cmd": "x"})


@pytest.mark.parametrize(
    "how",
    [
        {"path": f"{FOLDER.location}-old/x"},
        {"path": f"{FOLDER.location}/../x"},
        {"path": f"{FOLDER.location}/x", "host": "other"},
        {"path": f"{FOLDER.location}/x", "inside": (DATABASE.id,)},
        {"path": f"{FOLDER.location}/logs/today", "exclude": ("logs",)},
        {"path": f"{FOLDER.location}/a/x.log", "exclude": ("*.log",)},
    ],
    ids=["a name that goes on", "up again", "another host", "a database", "left out", "by a name"],
)
def test_F6_what_is_written_beside_the_assets_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(InputError) as told:
        _refuse(**how)
    assert told.value.code == "not-inside"
    assert "stays:" in told.value.remedy


@pytest.mark.parametrize(
    "how",
    [
        {"path": "/srv/x", "inside": ()},
        {"path": "/srv/x", "module": "ansible.builtin.command"},
        {"path": f"{FOLDER.location}/a/x", "exclude": ("*.log",)},
        {"path": f"{FOLDER.location}/x", "inside": (DATABASE.id, FOLDER.id)},
    ],
    ids=["nothing is said", "a program", "not left out", "one of two"],
)
def test_what_cannot_be_told_is_the_engineers_to_say(how: dict[str, Any]) -> None:
    _refuse(**how)


def _told(module: str, **how: Any) -> InputError:
    with pytest.raises(InputError, match="not-inside") as told:
        _refuse(None, f"ansible.builtin.{module}", **how)
    return told.value


def _lies_in(module: str) -> dict[str, Any]:
    return {WRITERS[module].path[0]: f"{FOLDER.location}/x", **NEEDS.get(module, {})}


@pytest.mark.parametrize("module", sorted(WRITERS))
def test_A2_an_argument_that_is_not_listed_is_refused(module: str) -> None:
    args, leaf = _lies_in(module), module.rpartition(".")[2]
    known = {*WRITERS[module].path, *WRITERS[module].fixed, *WRITERS[module].free}
    others = {
        "access_time", "attributes", "exclude", "extra_opts", "include", "local_follow", "setype",
        "unsafe_writes", "validate", "a-new-one",
    }  # fmt: skip
    assert not others & known
    for name in sorted(others):
        told = _told(leaf, args={**args, name: ["x"]})
        assert f"its argument {name!r} is none of those" in told.what
        assert f"Leave {name!r} out" in told.remedy
        assert "stays:" in told.remedy
        for later in ({"args_at_apply": {name: "/x"}}, {"secret_args": (name,)}):
            assert f"its argument {name!r} " in _told(leaf, args=args, **later).what
        for value in ("", None, []):
            _refuse(None, module, args={**args, name: value})
        _refuse(None, module, args={**args, name: "x"}, inside=())


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, one in WRITERS.items() for name in sorted(one.fixed)],
)
def test_A2_what_decides_what_is_written_is_known_when_it_is_signed(module: str, name: str) -> None:
    args = {key: value for key, value in _lies_in(module).items() if key != name}
    for later in ({"args_at_apply": {name: "/x"}}, {"secret_args": (name,)}):
        told = _told(module.rpartition(".")[2], args=args, **later)
        assert f"its {name} is known only when it runs" in told.what


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, one in WRITERS.items() for name in sorted(one.free)],
)
def test_A2_any_other_argument_is_taken(module: str, name: str) -> None:
    _refuse(None, module, args={**_lies_in(module), name: "x"})
    _refuse(None, module, args=_lies_in(module), args_at_apply={name: "x"})


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("copy", {"src": "x", "mode": "0600", "owner": "root", "validate": None}),
        ("copy", {"src": "x/", "dest": FOLDER.location, "backup": True}),
        ("copy", {"src": "x", "backup": True}),
        ("copy", {"src": "/srv/elsewhere", "remote_src": True}),
        ("file", {"state": "absent"}),
        ("file", {"state": "directory", "recurse": True, "mode": "0600"}),
        ("file", {"state": "link", "src": "../elsewhere", "force": True, "follow": False}),
        ("unarchive", {"src": "x.tar.gz", "mode": "0600"}),
    ],
)
def test_A2_what_is_usual_and_certain_is_taken(module: str, args: dict[str, Any]) -> None:
    module = f"{CORE}{module}"
    _refuse(None, module, args={**_lies_in(module), **args})


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"mode": "0600"}, "its state is not written"),
        ({"state": "", "src": "/srv/elsewhere"}, "its state is not written"),
        ({"state": "hard", "src": f"{FOLDER.location}/y"}, "with state: hard"),
        ({"state": "LINK", "src": "/srv/elsewhere"}, "with state: LINK"),
        ({"state": "link"}, "its src is not written"),
        ({"state": "directory", "src": "/srv/elsewhere"}, "with src and state: directory"),
        ({"state": "touch", "src": "/srv/elsewhere", "mode": "0600"}, "with src and state: touch"),
        *(
            ({"state": "link", "src": "5.1", name: "x", "follow": False}, f"with {name} it changes")
            for name in ("group", "mode", "owner")
        ),
        ({"path": FOLDER.location, "state": "link", "src": "5.1"}, "the place of"),
    ],
)
def test_A2_what_file_does_follows_from_what_is_written(args: dict[str, Any], says: str) -> None:
    told = _told("file", args={"path": f"{FOLDER.location}/x", **args})
    assert says in told.what
    assert "stays:" in told.remedy


def test_A2_each_state_that_is_taken_is_named() -> None:
    told = _told("file", args={"path": f"{FOLDER.location}/x"})
    for state in STATES:
        assert state in told.remedy
        src = {"src": "x"} if state == "link" else {}
        _refuse(None, FILE, args={"path": f"{FOLDER.location}/x", "state": state, **src})


@pytest.mark.parametrize("module", [name for name, one in WRITERS.items() if "backup" in one.fixed])
def test_A9_what_backup_keeps_lies_in_the_copy_as_well(module: str) -> None:
    args = {**_lies_in(module), "backup": True}
    _refuse(None, module, args=args)
    leaf = module.rpartition(".")[2]
    assert "with backup" in _told(leaf, args=args, exclude=("*~",)).what
    file = FOLDER.model_copy(update={"kind": "sqlite", "location": f"{FOLDER.location}/x"})
    call = step("x", str(FOLDER.host), "192.0.2.1", module=module, inside=(file.id,), args=args)
    alone = SCOPE.model_copy(update={"assets": (file,)})
    (found,) = written_elsewhere(call, alone)
    assert (found.argument, "leaves a copy beside" in found.what) == ("backup", True)
    no = call.model_copy(update={"args": {**args, "backup": "no"}})
    assert not list(written_elsewhere(no, alone))


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("unarchive", {"src": "x.tar.gz"}),
        ("file", {"state": "directory", "recurse": True, "mode": "0600"}),
    ],
)
def test_A2_of_what_nobody_lists_no_part_may_be_left_out(module: str, args: dict[str, Any]) -> None:
    args = {**_lies_in(f"{CORE}{module}"), **args}
    _refuse(None, f"{CORE}{module}", args=args)
    assert "may be left out of the copies" in _told(module, args=args, exclude=("logs",)).what


@pytest.mark.parametrize("src", ["https://records.example/x.tgz", "-x", "--to-command=x", ["x"]])
def test_A2_an_archive_is_a_file(src: Any) -> None:
    told = _told("unarchive", args={"dest": f"{FOLDER.location}/x", "src": src})
    assert "is no path" in told.what
