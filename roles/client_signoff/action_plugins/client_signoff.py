"""The client's moment at the terminal of a running playbook."""

from __future__ import annotations

import os
import shutil

from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from sluis.errors import InputError, RefusedError, SluisError
from sluis.plan.tree import changed_since_plan
from sluis.runbook.alive import TreeNow, must_be_alive, still_needed
from sluis.runbook.bound import tree_of
from sluis.runbook.run import current_run, now, open_dossier
from sluis.scope.voice import paragraph
from sluis.signoff.attend import attend
from sluis.signoff.waiver import load_waivers

#: a job runner gives Ansible a terminal of its own, and can type into it
_JOB_RUNNER = ("AWX_ISOLATED_DATA_DIR", "RUNNER_OMIT_EVENTS")

display = Display()


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the controller only. Takes no arguments."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Show, ask and record; in check mode nothing is shown or asked."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            if self._task.check_mode:
                return {"changed": False, "skipped": True}
            if self._task.args:
                raise InputError(
                    "no-arguments",
                    "A sign-off was given as an argument. Only the client can answer.",
                    "Take the arguments of client_signoff away.",
                )
            if run.objections:
                first = run.objections[0]
                raise RefusedError(first.code, first.sentence, first.remedy)
            dossier = open_dossier(run)
            ended = attend(
                dossier,
                still_needed(
                    run.places, run.client, run.change, load_waivers(run.change_folder), now()
                ),
                tell=display.display,
                ask=_ask,
                clock=now,
                ready=_somebody_is_there,
                lines=shutil.get_terminal_size().lines,
                alive=lambda first: _alive(run, dossier, first),
            )
        except SluisError as error:
            return {"failed": True, "refused": True, "msg": str(error), "sluis": error.as_dict()}
        display.display(ended.sentence)
        result = {
            "changed": ended.result != "stands already",
            "msg": ended.sentence,
            "result": ended.result,
            "statement": ended.statement.sha256,
        }
        if ended.result == "refused":
            result |= {"failed": True, "refused": True}
        return result


def _alive(run, dossier, first):
    """Refuse before anybody is called to the screen: the gate would not count the answer."""
    tree = tree_of(run)
    changes = changed_since_plan(tree, dossier.ledger.read(now()), dossier.objects)
    must_be_alive(
        run.places,
        run.client,
        run.change,
        now(),
        TreeNow(tree.sha256, changes),
        [draft.asset for draft in first],
    )


def _ask(question):
    """Put one question at the terminal; what was typed comes back as text."""
    width = shutil.get_terminal_size().columns
    told = [paragraph(words, width=width) for words in (question.text, question.hint)]
    typed = _prompt("\n" + "\n".join(told))
    return typed.decode("utf-8", "replace")


def _somebody_is_there():
    """Ask for the Enter key before anything is shown; fail when there is no keyboard."""
    if any(name in os.environ for name in _JOB_RUNNER):
        raise _awaiting("This is a job runner. Nobody is sitting at it.")
    _prompt(
        "\nUw akkoord is nodig. Druk op Enter als de klant kan meelezen."
        "\nYour agreement is needed. Press Enter when the client can read along."
    )


def _prompt(text):
    try:
        return display.prompt_until(text)
    except AnsiblePromptNoninteractive:
        raise _awaiting("There is no terminal to ask the client at.") from None
    except AnsiblePromptInterrupt:
        raise _awaiting("The conversation was broken off. Nothing was signed.") from None


def _awaiting(what):
    return RefusedError(
        "awaiting-signoff",
        f"{what} The change is awaiting sign-off.",
        "Run the sign phase at a terminal beside the client, or send a request with "
        "'sluis request'.",
    )
