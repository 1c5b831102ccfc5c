"""What a step sends is what was hashed, wherever the name leads and whatever happens then."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

from sluis.errors import SluisError
from sluis.runbook.call_files import Outbox
from support.guarded_call import Guarded


@pytest.fixture
def here(tmp_path: Path) -> Guarded:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("outside\n")
    (tmp_path / "sent" / "inner").mkdir(parents=True)
    (tmp_path / "sent" / "empty").mkdir()
    (tmp_path / "sent" / "a").write_text("a\n")
    (tmp_path / "sent" / "inner" / "b").write_text("b\n")
    (tmp_path / "sent" / "linked").symlink_to(tmp_path / "outside" / "file")
    (tmp_path / "sent" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "sent" / "nowhere").symlink_to("no/such")
    (tmp_path / "out").mkdir()
    return Guarded(tmp_path, {"word": "first"})


def digests(here: Guarded, module: str, **args: Any) -> dict[str, str]:
    return here.read(module=module, args=args).planned.files


@pytest.mark.parametrize("source", ["sent", "sent/"])
def test_L3_a_folder_is_bound_by_what_its_links_lead_to(
    here: Guarded, tmp_path: Path, source: str
) -> None:
    args = {"src": f"{tmp_path}/{source}", "dest": f"{tmp_path}/out/"}
    before = digests(here, "copy", **args)
    (tmp_path / "outside" / "file").write_text("other\n")
    after = digests(here, "copy", **args)
    assert before.keys() == after.keys() == {args["src"]}
    assert before != after
    (tmp_path / "outside" / "file").write_text("outside\n")
    assert digests(here, "copy", **args) == before
    (tmp_path / "outside" / "new").write_text("")
    assert digests(here, "copy", **args) != before


EDITS: dict[str, Callable[[Path], object]] = {
    "another content": lambda sent: (sent / "inner" / "b").write_text("B\n"),
    "another name": lambda sent: (sent / "a").rename(sent / "c"),
    "one more folder": lambda sent: (sent / "empty" / "more").mkdir(),
    "a link led elsewhere": lambda sent: (
        (sent / "nowhere").unlink(),
        (sent / "nowhere").symlink_to("not/there"),
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_L3_every_edit_of_a_folder_counts(here: Guarded, tmp_path: Path, edit: str) -> None:
    args = {"src": f"{tmp_path}/sent", "dest": "/x"}
    before = digests(here, "copy", **args)
    EDITS[edit](tmp_path / "sent")
    assert digests(here, "copy", **args) != before


def test_L3_permissions_count_when_they_are_sent(here: Guarded, tmp_path: Path) -> None:
    file = tmp_path / "sent" / "a"
    for source in (file, file.parent):
        args = {"src": str(source), "dest": "/x"}
        file.chmod(0o644)
        plain, kept = digests(here, "copy", **args), digests(here, "copy", **args, mode="preserve")
        file.chmod(0o755)
        assert digests(here, "copy", **args) == plain
        assert digests(here, "copy", **args, mode="preserve") != kept


@pytest.mark.parametrize("source", ["sent", "sent/"])
def test_L6_a_folder_arrives_as_ansible_sends_it(
    here: Guarded, tmp_path: Path, source: str
) -> None:
    (tmp_path / "sent" / "a").chmod(0o750)
    args = {"src": f"{tmp_path}/{source}", "dest": f"{tmp_path}/out/", "mode": "preserve"}
    result = here.carry_out(module="copy", args=args)
    assert not result.get("failed"), result
    top = tmp_path / "out" / ("" if source.endswith("/") else "sent")
    found = {str(item.relative_to(top)) for item in top.rglob("*")}
    assert found == {
        "a", "inner", "inner/b", "empty", "linked", "folder", "folder/file", "nowhere",
    }  # fmt: skip
    assert (top / "linked").read_text() == "outside\n"
    assert not (top / "linked").is_symlink()
    assert str((top / "nowhere").readlink()) == "no/such"
    assert stat.S_IMODE((top / "a").stat().st_mode) == 0o750


def test_L6_links_are_sent_as_links_when_that_was_asked(here: Guarded, tmp_path: Path) -> None:
    args = {"src": f"{tmp_path}/sent", "dest": f"{tmp_path}/out/", "local_follow": False}
    before = digests(here, "copy", **args)
    (tmp_path / "outside" / "file").write_text("not sent, so it does not count\n")
    assert digests(here, "copy", **args) == before
    assert not here.carry_out(module="copy", args=args).get("failed")
    assert (tmp_path / "out" / "sent" / "linked").is_symlink()


def _replaced(path: Path, text: str = "evil\n") -> Callable[[], None]:
    """Another file is renamed over it, as an attacker would."""

    def replace() -> None:
        (path.parent / "evil").write_text(text)
        (path.parent / "evil").chmod(0o755)
        (path.parent / "evil").rename(path)

    return replace


def _sends(tmp_path: Path) -> dict[str, tuple[Path, dict[str, Any], Path]]:
    sent, out = tmp_path / "sent", tmp_path / "out"
    return {
        "copy": (sent / "a", {"src": str(sent / "a"), "dest": str(out / "result")}, out / "result"),
        "copy-folder": (
            tmp_path / "outside" / "file",
            {"src": f"{sent}/", "dest": f"{out}/"},
            out / "linked",
        ),
        "assemble": (
            sent / "a",
            {"src": str(sent), "dest": str(out / "result"), "remote_src": "no", "regexp": "^a$"},
            out / "result",
        ),
        "script": (
            sent / "a",
            {"cmd": f"{sent}/a to {out}/result", "executable": "/bin/sh"},
            out / "result",
        ),
        "template": (
            sent / "a",
            {"src": str(sent / "a"), "dest": str(out / "result")},
            out / "result",
        ),
    }


@pytest.mark.parametrize("what", ["copy", "copy-folder", "assemble", "script", "template"])
def test_L6_a_file_renamed_over_it_after_the_judgement_is_not_sent(
    here: Guarded, tmp_path: Path, what: str
) -> None:
    file, args, result = _sends(tmp_path)[what]
    good = "echo good >$2\n" if what == "script" else "good\n"
    file.write_text(good)
    evil = "echo evil >$2\n" if what == "script" else "evil\n"
    done = here.carry_out(_replaced(file, evil), module=what.split("-", maxsplit=1)[0], args=args)
    assert not done.get("failed"), done
    assert file.read_text() == evil
    assert result.read_text() == "good\n"


def test_L6_an_archive_and_a_request_are_sent_from_the_kept_copy(
    here: Guarded, tmp_path: Path
) -> None:
    for module, args in {
        "unarchive": {"src": str(tmp_path / "sent" / "a"), "dest": "/x"},
        "uri": {"src": str(tmp_path / "sent" / "a"), "url": "http://x"},
    }.items():
        with Outbox(keep=True) as outbox:
            call = here.read(outbox, module=module, args=args)
            kept = Path(call.args["src"])
            assert kept != Path(args["src"])
            assert kept.read_text() == "a\n"
            assert kept.name == "a"
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600
            assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
            assert call.planned.args["src"] == args["src"], "the client sees the real name"
        assert not kept.exists()


def test_L2_the_parts_of_a_form_are_files_too(here: Guarded, tmp_path: Path) -> None:
    part = {"filename": str(tmp_path / "sent" / "a"), "mime_type": "text/plain"}
    body = {"one": part, "two": "text", "three": {"filename": "b", "content": "c"}}
    args = {"url": "http://x", "body_format": "form-multipart", "body": body}
    with Outbox(keep=True) as outbox:
        call = here.read(outbox, module="uri", args=args)
        assert list(call.planned.files) == [part["filename"]]
        sent = call.args["body"]
        assert Path(sent["one"]["filename"]).read_text() == "a\n"
        assert sent["one"]["mime_type"] == "text/plain"
        assert (sent["two"], sent["three"]) == ("text", {"filename": "b", "content": "c"})
    assert call.planned.args["body"]["one"] == part


@pytest.mark.parametrize(
    ("module", "more"),
    [
        ("copy", {"remote_src": "yes"}), ("copy", {"remote_src": True}),
        ("unarchive", {"remote_src": 1}), ("unarchive", {"copy": "no"}),
        ("assemble", {}), ("assemble", {"remote_src": "on"}), ("uri", {"remote_src": "true"}),
    ],
)  # fmt: skip
def test_L2_files_of_the_host_are_not_looked_for_here(
    here: Guarded, module: str, more: dict[str, Any]
) -> None:
    assert digests(here, module, src="/no/such/file", dest="/x", **more) == {}


def test_L6_what_is_no_file_is_not_sent(here: Guarded, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "sent" / "pipe")
    for source in ("pipe", "sent", "/dev/zero"):
        with pytest.raises(SluisError) as told:
            digests(here, "copy", src=str(tmp_path / source), dest="/x")
        assert told.value.code == "not-a-file", source
    for source in ("nosuch", ["a"], 5):
        with pytest.raises(SluisError) as told:
            digests(here, "copy", src=source, dest="/x")
        assert told.value.code in ("file-not-found", "bad-step")


def test_L6_an_encrypted_file_is_bound_encrypted_and_arrives_open(
    here: Guarded, tmp_path: Path
) -> None:
    secret = VaultSecret(b"vault password")
    sealed = VaultLib().encrypt("open\n", secret=secret)
    (tmp_path / "sealed").write_bytes(sealed)
    here.loader.set_vault_secrets([(DEFAULT_VAULT_ID_MATCH, secret)])
    args = {"src": f"{tmp_path}/sealed", "dest": f"{tmp_path}/out/opened", "mode": "0600"}
    done = here.carry_out(_replaced(tmp_path / "sealed"), module="copy", args=args)
    assert not done.get("failed"), done
    assert (tmp_path / "out" / "opened").read_text() == "open\n"


def test_L6_a_script_keeps_its_name_and_its_arguments(here: Guarded, tmp_path: Path) -> None:
    script = tmp_path / "say it.sh"
    script.write_text(f'#!/bin/sh\nprintf "%s|" "$(basename "$0")" "$@" >{tmp_path}/out/said\n')
    done = here.carry_out(module="script", args={"cmd": f"'{script}' one 'two words'"})
    assert not done.get("failed"), done
    assert (tmp_path / "out" / "said").read_text() == "say it.sh|one|two words|"
    for line in (f"{tmp_path}/say\\ it.sh", "'unclosed", "", None):
        with pytest.raises(SluisError):
            here.read(module="script", args={"cmd": line})


class TestTemplates:
    def test_L3_a_template_is_bound_by_what_comes_out(self, here: Guarded, tmp_path: Path) -> None:
        (tmp_path / "outside" / "part").write_text("part {{ word }}")
        (tmp_path / "t.j2").write_text(
            "{% include 'outside/part' %}, "
            f"{{{{ lookup('ansible.builtin.file', '{tmp_path}/outside/file') }}}}\n"
        )
        args = {"src": f"{tmp_path}/t.j2", "dest": f"{tmp_path}/out/made"}

        def signed() -> dict[str, str]:
            return here.read(module="template", args=args).planned.hidden_sha256

        first = signed()
        assert list(first) == ["template"]
        assert signed() == first
        for path in (tmp_path / "outside" / "part", tmp_path / "outside" / "file"):
            was = path.read_text()
            path.write_text("changed\n")
            assert signed() != first
            path.write_text(was)
        here.variables["word"] = "second"
        assert signed() != first
        here.variables["word"] = "first"
        meanwhile = _replaced(tmp_path / "outside" / "file")
        done = here.carry_out(meanwhile, module="template", args=args)
        assert not done.get("failed"), done
        assert (tmp_path / "out" / "made").read_text() == "part first, outside\n"

    def test_L3_other_brackets_and_headers_make_no_difference(
        self, here: Guarded, tmp_path: Path
    ) -> None:
        (tmp_path / "t.j2").write_text(
            "#jinja2: block_start_string:'<%', block_end_string:'%>'\n"
            "<% include 'outside/file' %>\n"
        )
        args = {"src": f"{tmp_path}/t.j2", "dest": f"{tmp_path}/out/made",
                "variable_start_string": "[[", "variable_end_string": "]]"}  # fmt: skip
        first = here.read(module="template", args=args).planned.hidden_sha256
        (tmp_path / "outside" / "file").write_text("changed\n")
        assert here.read(module="template", args=args).planned.hidden_sha256 != first

    def test_L3_filling_in_contacts_no_host_and_leaves_nothing(
        self, here: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(here.connection), "exec_command", None)
        monkeypatch.setattr(type(here.connection), "put_file", None)
        (tmp_path / "t.j2").write_text("{{ word }}\n")
        here.read(module="template", args={"src": f"{tmp_path}/t.j2", "dest": f"{tmp_path}/out/x"})
        assert list((tmp_path / "out").iterdir()) == []

    @pytest.mark.parametrize(
        "text", ["{{ nosuch }}", "{{ software_update_results.a.path }}", "{% include 'nosuch' %}"]
    )
    def test_L3_what_cannot_be_known_at_signing_is_said_before_it(
        self, here: Guarded, tmp_path: Path, text: str
    ) -> None:
        here.variables["software_update_results"] = {"a": {"path": "/x"}}
        (tmp_path / "t.j2").write_text(text)
        with pytest.raises(SluisError) as told:
            here.read(module="template", args={"src": f"{tmp_path}/t.j2", "dest": "/x"})
        assert told.value.code == "template-not-filled-in"
