"""What a module of ours answers to Ansible, through Ansible's own module class."""

from __future__ import annotations

import base64
import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from sluis.errors import InputError
from sluis.snapshot.door import answer_request, serve
from sluis.snapshot.progress import PASSED_ON, Progress

PASSWORD = "een lang wachtwoord"


@pytest.fixture
def served(capsys):
    """Serve one call: what was said to Ansible, as it reads it."""

    def call(work, *, check_mode=False, **how):
        packed = [
            base64.b64encode(json.dumps(value).encode()).decode()
            for value in ({"asset": "letters"}, {"store_password": PASSWORD})
        ]
        given = dict(zip(("request", "secrets"), packed, strict=True))
        arguments = patch_module_args({**given, "_ansible_check_mode": check_mode})
        with arguments, pytest.raises(SystemExit) as ended:
            serve(AnsibleModule, work, **how)
        said = json.loads(capsys.readouterr().out)
        assert ended.value.code == (1 if said.get("failed") else 0)
        said.pop("invocation", None)
        return said

    return call


def _opened(said):
    return json.loads(base64.b64decode(said["answer"]))


def _echo(request):
    return {"asset": request["asset"], "told": request.get("check_mode")}


def _never(request):
    raise AssertionError("it was done in check mode")


def test_an_answer_goes_back_packed(served):
    said = served(_echo)
    assert said["changed"] is True
    assert _opened(said) == {"asset": "letters", "told": None}


def test_check_mode_does_nothing_and_says_changed(served):
    assert served(_never, check_mode=True) == {"changed": True}


@pytest.mark.parametrize("changes", [True, False])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_module_that_looks_is_told_of_check_mode(served, check_mode, changes):
    said = served(_echo, check_mode=check_mode, looks=True, changes=changes)
    assert said["changed"] is (changes and not check_mode)
    assert _opened(said)["told"] is check_mode


def test_an_error_goes_back_with_its_code_and_without_a_secret(served):
    def fail(request):
        raise InputError("bad-thing", f"{request['secrets']['store_password']} is bad.", "Mend it.")

    said = served(fail)
    assert said["family"] == "InputError"
    assert said["sluis"] == {"code": "bad-thing", "what": "*** is bad.", "remedy": "Mend it."}
    assert PASSWORD not in json.dumps(said)


def test_a_missing_library_is_named(served):
    said = served(None, lacking="No module named 'aiohttp'")
    assert said["family"] == "InputError"
    assert said["sluis"]["code"] == "worker-lacks-libraries"
    assert "No module named 'aiohttp'" in said["msg"]
    # before anything is asked of the worker it has to be installed; a plan needs nothing there
    assert served(None, check_mode=True, lacking="x") == {"changed": True}


@pytest.mark.parametrize(
    ("name", "stays"), [(f"{PASSED_ON}0123", False), ("progress", True), ("letters.txt", True)]
)
@pytest.mark.parametrize("fails", [False, True])
def test_only_a_file_that_was_for_passing_on_goes_when_a_module_is_done(
    tmp_path, name, stays, fails
):
    def work(request):
        Progress(request["progress"], "letters").say("copying", 0.5)
        assert path.exists()
        if fails:
            raise InputError("broken", "It broke.", "Mend it.")
        return {}

    path = tmp_path / name
    packed = base64.b64encode(json.dumps({"progress": str(path)}).encode()).decode()
    nothing = base64.b64encode(b"{}").decode()
    answer = answer_request(work, {"request": packed, "secrets": nothing})
    assert ("sluis" in answer) == fails
    assert path.exists() == stays
