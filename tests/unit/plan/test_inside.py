"""A step that is said to stay in some assets, and says itself that it writes elsewhere (F6)."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.errors import InputError
from sluis.plan.inside import BESIDE, WRITES, Writes, refuse_what_lies_elsewhere
from sluis.plan.inside_arguments import FILE, HARMLESS, LEADS
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
    known = WRITES.get(module)
    args = {name or (known[0].names[0] if known else "dest"): path}
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


NAMED = [
    (module, written, name)
    for module, all_of_it in WRITES.items()
    for written in all_of_it
    for name in written.names
]


@pytest.mark.parametrize(("module", "written", "name"), NAMED)
def test_F6_what_is_written_in_the_asset_is_undone_by_putting_it_back(
    module: str, written: Writes, name: str
) -> None:
    first = WRITES[module][0].names[0]
    others = {} if written is WRITES[module][0] else {first: FOLDER.location}
    for path in (FOLDER.location, f"{FOLDER.location}/", f"{FOLDER.location}/a/b"):
        _refuse(None, module, args={**others, name: path})
    for path in ("/srv/elsewhere", "/", "//srv", f"{FOLDER.location}/../x"):
        with pytest.raises(InputError, match=r"not-inside.*it writes '/"):
            _refuse(None, module, args={**others, name: path})
    # what Ansible would make of these nobody can tell here
    for path in ("~/x", "~root/x", "./../x", "x", "$HOME/x", f"{FOLDER.location}/$X/y", 5, ["/x"]):
        with pytest.raises(InputError, match=r"not-inside.*no full path"):
            _refuse(None, module, args={**others, name: path})
    # two names of one argument: the module takes one of them
    for other in set(written.names) - {name}:
        with pytest.raises(InputError, match="not-inside"):
            _refuse(None, module, args={name: f"{FOLDER.location}/x", other: "/srv/elsewhere"})
    # known only when it runs
    for later in ({"args_at_apply": {name: "/x"}}, {"secret_args": (name,)}):
        with pytest.raises(InputError, match=r"not-inside.*known only when it runs"):
            _refuse(None, module, args=others, **later)


@pytest.mark.parametrize("module", sorted(BESIDE))
def test_F6_what_changes_the_machine_itself_is_in_no_folder_of_data(module: str) -> None:
    with pytest.raises(InputError, match=r"not-inside.*the machine itself"):
        _refuse(None, module, args={"name": "x", "cron_file": f"{FOLDER.location}/x"})
    _refuse(None, module, inside=())


def test_F6_a_place_that_is_not_given_is_the_machines_own() -> None:
    for name in ("known_hosts", "pip", "tempfile"):
        for args in ({"name": "x"}, {"name": "x", "path": None, "virtualenv": ""}):
            with pytest.raises(InputError, match=r"not-inside.*keeps its own"):
                _refuse(None, f"ansible.builtin.{name}", args=args)
    _refuse(None, "ansible.builtin.uri", args={"url": "https://records.example/reload"})


@pytest.mark.parametrize("dest", [{}, {"dest": f"{FOLDER.location}/answer.json"}])
def test_A6_what_a_server_is_asked_to_change_is_in_no_asset(dest: dict[str, str]) -> None:
    asked = {"url": "https://records.example/accounts", **dest}
    for method in ("POST", "put", "DELETE", "PATCH", "PURGE"):
        with pytest.raises(InputError, match=rf"not-inside.*method: {method}.*on a server"):
            _refuse(None, "ansible.builtin.uri", args={**asked, "method": method})
    for later in ({"args_at_apply": {"method": "/x"}}, {"secret_args": ("method",)}):
        with pytest.raises(InputError, match=r"not-inside.*\(method\) is known only when it runs"):
            _refuse(None, "ansible.builtin.uri", args=asked, **later)
    for method in ("GET", "get", "HEAD", "", None):
        _refuse(None, "ansible.builtin.uri", args={**asked, "method": method})
    _refuse(None, "ansible.builtin.uri", args={**asked, "method": "POST"}, inside=())


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
    written = WRITES.get(module)
    return {written[0].names[0]: f"{FOLDER.location}/x"} if written else {}


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in LEADS.items() for name in sorted(names)],
)
def test_A2_an_argument_that_leads_elsewhere_is_refused(module: str, name: str) -> None:
    args, leaf = _lies_in(module), module.rpartition(".")[2]
    for value in ("/srv/elsewhere/a-program %s", ["--to-command=x"], True):
        told = _told(leaf, args={**args, name: value})
        assert f"its argument {name!r} " in told.what
        assert f"Leave {name!r} out" in told.remedy
        assert "stays:" in told.remedy
    for later in ({"args_at_apply": {name: "/x"}}, {"secret_args": (name,)}):
        assert f"its argument {name!r} " in _told(leaf, args=args, **later).what
    for value in ("", None, []):
        _refuse(None, module, args={**args, name: value})
    _refuse(None, module, args={**args, name: "/srv/elsewhere/a-program %s"}, inside=())


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in HARMLESS.items() for name in sorted(names)],
)
def test_A2_any_other_argument_is_taken(module: str, name: str) -> None:
    args = _lies_in(module)
    if (module, name) not in ((FILE, "recurse"), ("ansible.builtin.uri", "method")):
        _refuse(None, module, args={**args, name: "x"})
    told = _told(module.rpartition(".")[2], args={**args, "a-new-one": "x"})
    assert "'a-new-one' leads to nobody has looked at" in told.what


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("pip", {"virtualenv_command": "/usr/bin/python3 -m venv", "virtualenv_python": "python3"}),
        ("pip", {"virtualenv_command": "virtualenv", "chdir": f"{FOLDER.location}/y"}),
        ("tempfile", {"prefix": "new-", "suffix": ".d"}),
        ("git", {"accept_hostkey": False, "accept_newhostkey": "no", "version": "v5.1"}),
        ("copy", {"src": "x", "mode": "0600", "owner": "root", "validate": None}),
        ("file", {"state": "directory", "recurse": True, "follow": False, "mode": "0600"}),
        ("file", {"state": "directory", "mode": "0700"}),
        ("file", {"state": "link", "src": "../elsewhere"}),
        ("file", {"state": "link", "src": "/srv/elsewhere", "mode": "0600", "follow": "no"}),
        ("file", {"state": "link", "src": f"{FOLDER.location}/5.1", "owner": "root"}),
        ("file", {"state": "hard", "src": f"{FOLDER.location}/5.1", "owner": "root"}),
    ],
)
def test_A2_what_is_usual_and_safe_is_taken(module: str, args: dict[str, Any]) -> None:
    module = f"ansible.builtin.{module}"
    _refuse(None, module, args={**_lies_in(module), **args})


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"state": "link", "src": "/srv/elsewhere", "mode": "0600"}, "with mode it changes"),
        ({"state": "link", "src": "../elsewhere", "owner": "x"}, "with owner it changes"),
        ({"state": "link", "mode": "0600"}, "no src says"),
        ({"state": "link", "src": "/srv/x", "follow": False, "access_time": "now"}, "access_time"),
        ({"state": "hard", "src": "/srv/elsewhere"}, "with state: hard it changes"),
        ({"state": "hard", "src": "here"}, "with state: hard it changes"),
        ({"state": "directory", "recurse": True, "mode": "0600"}, "it follows the links"),
        ({"recurse": "yes", "follow": "yes"}, "it follows the links"),
        ({"recurse": True, "follow": False, "modification_time": "now"}, "modification_time"),
        ({"path": FOLDER.location, "state": "link", "src": "5.1"}, "the place of"),
    ],
)
def test_A2_what_a_link_leads_to_is_changed_as_well(args: dict[str, Any], says: str) -> None:
    told = _told("file", args={"path": f"{FOLDER.location}/x", **args})
    assert says in told.what
    assert "stays:" in told.remedy
    if "follow" not in args and "hard" not in says and "place" not in says:
        assert 'Write "follow: false"' in told.remedy


@pytest.mark.parametrize("name", ["state", "recurse", "follow"])
def test_A2_what_file_does_with_a_link_is_known_beforehand(name: str) -> None:
    args = {"path": f"{FOLDER.location}/x"}
    for later in ({"args_at_apply": {name: "/x"}}, {"secret_args": (name,)}):
        assert f"its {name} is known only" in _told("file", args=args, **later).what
    later = {"args_at_apply": {"src": "/x"}}
    assert "(src)" in _told("file", args={**args, "state": "hard"}, **later).what


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("pip", {"name": ["a", "--target=/srv/elsewhere"]}),
        ("pip", {"name": "a, --target=/srv/elsewhere"}),
        ("unarchive", {"src": "x", "include": ["--to-command=x"]}),
        ("git", {"repo": "x", "version": "--upload-pack=x"}),
        ("subversion", {"repo": "--config-dir=/srv/elsewhere"}),
    ],
)
def test_A2_a_value_that_a_program_takes_as_an_option_is_refused(
    module: str, args: dict[str, Any]
) -> None:
    path = _lies_in(f"ansible.builtin.{module}")
    assert "options of its own" in _told(module, args={**path, **args}).what
    (name,) = {*args} - {"src"} if module != "git" else {"version"}
    assert "known only when it runs" in _told(module, args=path, args_at_apply={name: "x"}).what
