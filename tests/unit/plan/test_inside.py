"""A step that is said to stay in some assets, and says itself that it writes elsewhere (F6)."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.errors import InputError
from sluis.plan.inside import BESIDE, WRITES, Writes, refuse_what_lies_elsewhere
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
