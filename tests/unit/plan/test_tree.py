"""The digest over everything that decides what a runbook does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785

import sluis
from sluis.manifest import signature
from sluis.places import Places
from sluis.plan import tree as plan_tree
from sluis.plan import walk
from sluis.plan.reach import Reach
from sluis.plan.tree import Tree, differences, path_sha256, read_tree

CLIENT, CHANGE = "practice", "CHG-1"
REACH = Reach(
    hosts=frozenset({"app1", "localhost"}),
    groups=frozenset({"all", "clients", "ungrouped"}),
    entries={"host app1: ansible_host": "1" * 64},
)


@pytest.fixture
def project(tmp_path: Path) -> Places:
    files = {
        "ansible.cfg": "[defaults]\n",
        "playbooks/update.yml": "---\n",
        "playbooks/update/apply.yml": "---\n",
        "roles/r/tasks/main.yml": "---\n",
        "roles/r/library/m.py": "print()\n",
        "roles/r/library/__pycache__/m.cpython-311.pyc": "x",
        "roles/r/empty": "",
        "inventories/practice/hosts.yml": "all: {}\n",
        "inventories/practice/group_vars/all.yml": "a: é\n",
        "inventories/practice/changes/CHG-1/update.yml": "{}\n",
        "inventories/practice/changes/CHG-2/update.yml": "{}\n",
        "inventories/practice/group_vars/clients/kept.yml": "b: 1\n",
        "inventories/practice/group_vars/others.yml": "b: 1\n",
        "inventories/practice/host_vars/app1/main.yml": "b: 1\n",
        "inventories/practice/host_vars/other1.yml": "b: 1\n",
        "inventories/practice/notes.txt": "x",
        "inventories/practice/changes/CHG-1/waivers/letters.yml": "{}\n",
        "inventories/other/hosts.yml": "all: {}\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "roles/r/module_utils").symlink_to("../../playbooks")
    return Places(tmp_path)


def tree(project: Places) -> Tree:
    return read_tree(project, CLIENT, CHANGE, REACH)


def digest(project: Places) -> str:
    found = tree(project)
    assert found.reasons == ()
    return found.sha256


def test_the_digest_can_be_computed_by_other_means(project: Places) -> None:
    """With path objects and the RFC 8785 library alone, as somebody else would."""
    inventory = "inventories/practice"
    entries = {
        "ansible.cfg": hashlib.sha256(b"[defaults]\n").hexdigest(),
        f"{inventory} (host app1: ansible_host)": "1" * 64,
    }
    names = [
        "playbooks", "roles", f"{inventory}/changes/CHG-1",
        f"{inventory}/group_vars/all.yml", f"{inventory}/group_vars/clients",
        f"{inventory}/host_vars/app1",
    ]  # fmt: skip
    places = {name: project.root / name for name in names} | {"sluis": Path(sluis.__file__).parent}
    for name, folder in places.items():
        for path in folder.rglob("*") if folder.is_dir() else [folder]:
            shown = name if path == folder else f"{name}/{path.relative_to(folder)}"
            if "/__pycache__/" in shown or "/waivers/" in shown:
                continue
            if path.is_symlink():
                entries[shown] = f"link:{path.readlink()}"
            elif path.is_file():
                entries[shown] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest(project) == hashlib.sha256(rfc8785.dumps(entries)).hexdigest()


CHANGES: dict[str, Callable[[Path], object]] = {
    "one byte": lambda r: (r / "roles/r/library/m.py").write_text("print(1)\n"),
    "a long file's last byte": lambda r: (r / "roles/r/empty").write_bytes(b"\0" * 700_000 + b"x"),
    "another name": lambda r: (r / "roles/r/empty").rename(r / "roles/r/full"),
    "a name that is not UTF-8": lambda r: (r / "roles/r/empty").rename(
        r / "roles/r" / os.fsdecode(b"empty\xff")
    ),
    "a new file": lambda r: (r / "playbooks/update/other.yml").touch(),
    "a file less": lambda r: (r / "playbooks/update/apply.yml").unlink(),
    "another target of a link": lambda r: (
        (r / "roles/r/module_utils").unlink(),
        (r / "roles/r/module_utils").symlink_to("../../inventories"),
    ),
    "a link in a file's place": lambda r: (
        (r / "roles/r/empty").unlink(),
        (r / "roles/r/empty").symlink_to("tasks/main.yml"),
    ),
    "a variable": lambda r: (r / "inventories/practice/group_vars/all.yml").write_text("a: 2\n"),
    "a file under a group of this change": lambda r: (
        r / "inventories/practice/group_vars/clients/kept.yml"
    ).write_text("b: 2\n"),
    "a file of a host, with no ending": lambda r: (
        r / "inventories/practice/host_vars/app1/x"
    ).write_text("b: 2\n"),
    "a file of all hosts in another spelling": lambda r: (
        r / "inventories/practice/group_vars/all.json"
    ).write_text("{}\n"),
    "the host this runs on": lambda r: (r / "inventories/practice/host_vars/localhost.yml").touch(),
    "this change": lambda r: (r / "inventories/practice/changes/CHG-1/update.yml").write_text(
        "{a: 1}\n"
    ),
    "the settings": lambda r: (r / "ansible.cfg").write_text("[ssh_connection]\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_shows(project: Places, what: str) -> None:
    before = digest(project)
    CHANGES[what](project.root)
    assert digest(project) != before


def test_the_time_of_a_file_is_not_believed(project: Places) -> None:
    """A file with the same size and times and other bytes is another file."""
    path = project.root / "roles/r/library/m.py"
    before, status = digest(project), path.stat()
    path.write_text("PRINT()\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digest(project) != before


CANNOT_TOUCH: dict[str, Callable[[Path], object]] = {
    "Python's cache beside a source": lambda r: (
        r / "roles/r/library/__pycache__/m.cpython-311.pyc"
    ).write_text("y"),
    "another change": lambda r: (r / "inventories/practice/changes/CHG-2/update.yml").write_text(
        "{a: 1}\n"
    ),
    "another client": lambda r: (r / "inventories/other/hosts.yml").write_text("all: {hosts: {}}"),
    "a host that is not in the inventory": lambda r: (
        r / "inventories/practice/host_vars/other1.yml"
    ).write_text("b: 2\n"),
    "a group that no host is in": lambda r: (
        r / "inventories/practice/group_vars/others.yml"
    ).write_text("b: 2\n"),
    "the layout of the list of hosts": lambda r: (r / "inventories/practice/hosts.yml").write_text(
        "# a note\nall: {}\n"
    ),
    "a note beside it": lambda r: (r / "inventories/practice/notes.txt").write_text("y"),
    "a waiver, which is signed by itself": lambda r: (
        r / "inventories/practice/changes/CHG-1/waivers/records.yml"
    ).write_text("{}\n"),
}


@pytest.mark.parametrize("what", CANNOT_TOUCH)
def test_L4_what_cannot_touch_the_change_voids_nothing(project: Places, what: str) -> None:
    before = digest(project)
    CANNOT_TOUCH[what](project.root)
    assert digest(project) == before


HIDDEN = [
    "inventories/practice/host_vars/app1/__pycache__/x.yml",
    "inventories/practice/host_vars/app1/deep/__pycache__/x",
    "inventories/practice/group_vars/clients/.hidden.yml",
    "inventories/practice/changes/CHG-1/files/__pycache__/x.pyc",
    "roles/r/tasks/__pycache__/main.yml",
    "roles/r/library/__pycache__/deep/m.pyc",
    "playbooks/group_vars/all/__pycache__/x.yml",
]


@pytest.mark.parametrize("name", HIDDEN)
def test_L4_no_folder_hides_what_Ansible_would_load(project: Places, name: str) -> None:
    before = tree(project)
    path = project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a: 1\n")
    assert f"{name} came" in differences(before.entries, tree(project).entries)


LINKS = {
    "a vars file": "inventories/practice/host_vars/app1/linked.yml",
    "the description": "inventories/practice/changes/CHG-1/update.yml",
    "a file that is sent": "inventories/practice/changes/CHG-1/files/x",
    "a task file": "roles/r/tasks/main.yml",
    "a playbook": "playbooks/update/apply.yml",
    "the settings": "ansible.cfg",
}


@pytest.mark.parametrize("what", LINKS)
def test_L4_a_link_counts_by_what_it_leads_to(project: Places, what: str) -> None:
    kept = project.root / "shared" / "x.yml"
    kept.parent.mkdir()
    kept.write_text("a: 1\n")
    path = project.root / LINKS[what]
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(kept)
    before = tree(project)
    assert before.reasons == ()
    kept.write_text("a: 2\n")
    assert differences(before.entries, tree(project).entries) == ("linked/shared/x.yml changed",)


@pytest.mark.parametrize("what", LINKS)
def test_L4_a_link_that_leads_away_is_refused(
    project: Places, what: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.yml"
    outside.write_text("a: 1\n")
    path = project.root / LINKS[what]
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(outside)
    assert [(item.code, item.about) for item in tree(project).reasons] == [
        ("link-leads-away", LINKS[what])
    ]


@pytest.mark.parametrize(
    "folder",
    [
        "playbooks", "roles", "roles/r", "inventories", "inventories/practice",
        "inventories/practice/changes", "inventories/practice/changes/CHG-1",
        "inventories/practice/host_vars", "inventories/practice/group_vars",
        "inventories/practice/group_vars/clients",
    ],
)  # fmt: skip
def test_L4_a_folder_that_is_a_link(
    project: Places, folder: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Inside the project its content counts; it may not lie elsewhere."""
    (project.root / "roles/r/module_utils").unlink()  # it would lead elsewhere from there
    path, moved = project.root / folder, project.root / "moved"
    path.rename(moved)
    path.symlink_to(moved)
    before = tree(project)
    assert before.reasons == ()
    for file in moved.rglob("*.yml"):
        file.write_text("changed: 1\n")
    assert differences(before.entries, tree(project).entries)
    path.unlink()
    away = tmp_path_factory.mktemp("away") / "moved"
    moved.rename(away)
    path.symlink_to(away)
    assert "link-leads-away" in {item.code for item in tree(project).reasons}


def test_L4_a_loop_of_links_ends(project: Places) -> None:
    (project.root / "roles/r/loop").symlink_to("..")
    assert tree(project).reasons == ()
    # the walk ends, and Ansible would go round some forty times
    (project.root / "inventories/practice/host_vars/app1/up").symlink_to("../..")
    assert [one.code for one in tree(project).reasons] == ["folder-without-end"]


@pytest.mark.parametrize("place", ["roles/r/tasks/x.yml", "inventories/practice/hosts2.yml",
                                   "inventories/practice/host_vars/app1/x.yml"])  # fmt: skip
def test_L4_what_is_no_file_is_refused_and_does_not_hold_anybody_up(
    project: Places, place: str
) -> None:
    os.mkfifo(project.root / place)
    assert [(item.code, item.about) for item in tree(project).reasons] == [("not-a-file", place)]


def test_L4_a_file_that_gives_an_error_is_named(
    project: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.open

    def broken(path: bytes, *more: int) -> int:
        if os.fsencode(path).endswith(b"m.py"):
            raise OSError(5, "Input/output error")
        return really(path, *more)

    monkeypatch.setattr(os, "open", broken)
    (reason,) = tree(project).reasons
    assert (reason.code, reason.about) == ("not-readable", "roles/r/library/m.py")


@pytest.mark.parametrize(
    "name",
    [
        "roles/r/action_plugins/guarded.so",
        "roles/r/action_plugins/guarded.cpython-311-x86_64-linux-gnu.so",
        "roles/r/action_plugins/guarded.pyc",
        "playbooks/vars_plugins/refuse_early.pyc",
    ],
)
def test_L11_code_without_a_source_is_refused(project: Places, name: str) -> None:
    before = tree(project)
    path = project.root / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(b"x")
    found = tree(project)
    assert [(item.code, item.about) for item in found.reasons] == [("compiled-code", name)]
    assert differences(before.entries, found.entries) == (f"{name} came",)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("roles/r/action_plugins/__pycache__/m.cpython-311.pyc.140500273465360", False),
        ("roles/r/action_plugins/__pycache__/m.cpython-311.pyc.x", True),
        ("roles/r/action_plugins/m.cpython-311.pyc.140500273465360", True),
    ],
)
def test_L11_what_python_is_writing_just_then_is_no_change(
    project: Places, name: str, counts: bool
) -> None:
    before = tree(project)
    path = project.root / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(b"x")
    found = differences(before.entries, tree(project).entries)
    assert found == ((f"{name} came",) if counts else ())


REACHES = {
    "inventories/practice/changes/CHG-1/update.yml": "a: \"{{ lookup('pipe', 'id') }}\"",
    "inventories/practice/changes/CHG-1/restore.yml": "a: \"{{ lookup('file', '/x') }}\"",
    "inventories/practice/group_vars/all.yml": "{a: [{b: \"{{ lookup('env', 'X') }}\"}]}",
    "inventories/practice/host_vars/app1/__pycache__/x.yml": "a: \"{{ query('url', 'x') }}\"",
}


@pytest.mark.parametrize("name", REACHES)
def test_L4_a_description_that_reads_elsewhere_is_refused(project: Places, name: str) -> None:
    path = project.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(REACHES[name])
    for _ in range(2):  # remembered or not
        (reason,) = tree(project).reasons
        assert (reason.code, reason.about) == ("reaches-outside", name)


def test_L4_a_linked_description_is_looked_into(project: Places) -> None:
    kept = project.root / "kept.yml"
    kept.write_text(REACHES["inventories/practice/changes/CHG-1/update.yml"])
    path = project.root / "inventories/practice/changes/CHG-1/update.yml"
    path.unlink()
    path.symlink_to(kept)
    assert {item.code for item in tree(project).reasons} == {"reaches-outside"}


_SEALED = b"$ANSIBLE_VAULT;1.1;AES256\n%s\n"


def _sealed(
    project: Places, text: str, name: str = "group_vars/all.yml"
) -> Callable[[bytes], bytes]:
    """Seal a file of variables with a cipher that hides nothing; what comes back opens it."""
    path = project.root / "inventories/practice" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(_SEALED % text.encode().hex().encode())
    return lambda content: bytes.fromhex(content.split(b"\n")[1].decode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("snapshot_and_verify_restic: \"{{ lookup('file', '/x') }}\"", "lookup('file')"),
        ("[{b: \"{{ lookup('pipe', 'id') }}\"}]", "lookup('pipe')"),
        ('a: "{{ now() }}"', "now"),
        ('snapshot_and_verify_restic: "{{ ansible_date_time.epoch }}"', "ansible_date_time"),
        ("a: [", "neither JSON nor YAML"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3030\n: [", "neither JSON nor YAML"),
    ],
)
@pytest.mark.parametrize("name", ["group_vars/all.yml", "host_vars/app1/main.yml"])
def test_L4_what_ansible_vault_encrypted_is_looked_into(
    project: Places, text: str, said: str, name: str
) -> None:
    opener = _sealed(project, text, name)
    found = read_tree(project, CLIENT, CHANGE, REACH, opener)
    (reason,) = found.reasons
    assert (reason.code, reason.about) == ("reaches-outside", f"inventories/practice/{name}")
    assert said in reason.sentence
    # a worker has no password, but knows what the process that forked it found
    assert tree(project).reasons == found.reasons


def test_L4_a_setting_may_not_reach_through_an_encrypted_file(project: Places) -> None:
    """The name leads from a file in the open to a sealed one, and from there to what a run sets."""
    where = project.root / "inventories/practice/host_vars/app1/main.yml"
    where.write_text("snapshot_and_verify_restic: '{{ inner }}'\n")
    opener = _sealed(project, "inner: '{{ ansible_date_time.epoch }}'")
    (reason,) = read_tree(project, CLIENT, CHANGE, REACH, opener).reasons
    assert (reason.code, reason.about) == (
        "reaches-outside", "inventories/practice/host_vars/app1/main.yml",
    )  # fmt: skip


def test_L4_what_nothing_opens_is_refused(project: Places) -> None:
    _sealed(project, "never: opened")
    assert tree(project).reasons == ()
    (reason,) = read_tree(project, CLIENT, CHANGE, REACH, lambda _: None).reasons
    assert (reason.code, reason.about) == (
        "vault-not-opened", "inventories/practice/group_vars/all.yml",
    )  # fmt: skip
    assert "--vault-id" in reason.remedy


def test_an_encrypted_file_of_plain_values_is_in_order(project: Places) -> None:
    opener = _sealed(project, "a: plain\nansible_password: '{{ a }}'\nb: !unsafe '{{ now() }}'\n")
    assert read_tree(project, CLIENT, CHANGE, REACH, opener).reasons == ()


def test_of_what_was_encrypted_no_value_is_kept(project: Places) -> None:
    opener = _sealed(project, "ansible_password: kept-from-everybody")
    read_tree(project, CLIENT, CHANGE, REACH, opener)
    assert "kept-from-everybody" not in repr(plan_tree._KNOWN)


def test_what_changed_is_named() -> None:
    assert differences({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == (
        "b changed", "c went", "d came",
    )  # fmt: skip


def test_a_folder_that_is_sent_counts_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "sent" / "deep").mkdir(parents=True)
    (tmp_path / "sent" / "deep" / "a").write_text("1")
    before = path_sha256(tmp_path / "sent")
    (tmp_path / "sent" / "deep" / "a").write_text("2")
    assert path_sha256(tmp_path / "sent") != before


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as touched long ago."""
    monkeypatch.setattr(signature, "TICK_NS", -(10**12))
    monkeypatch.setattr(walk, "_KNOWN", {})


def test_what_was_read_is_not_read_again(
    project: Places, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = digest(project)
    opened: list[object] = []
    really = os.open
    monkeypatch.setattr(os, "open", lambda *a: (opened.append(a[0]), really(*a))[1])
    assert digest(project) == first
    assert not opened


@pytest.mark.parametrize("how", ["in place, times put back", "another file moved over it"])
def test_a_change_is_found_whatever_its_times_say(project: Places, settled: None, how: str) -> None:
    path = project.root / "playbooks/update.yml"
    path.write_text("--- \n")
    first, was = digest(project), path.stat()
    while path.stat().st_ctime_ns == was.st_ctime_ns:  # the clock's grain
        if how.startswith("in place"):
            path.write_text("---\n\n")
        else:
            other = path.with_suffix(".new")
            other.write_text("---\n\n")
            other.rename(path)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_size == was.st_size
    assert path.stat().st_mtime_ns == was.st_mtime_ns
    assert digest(project) != first


def test_a_file_touched_just_now_is_read_each_time(
    project: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "_KNOWN", {})
    digest(project)
    assert not [path for path in walk._KNOWN if path.startswith(os.fsencode(project.root))]
