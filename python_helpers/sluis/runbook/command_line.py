"""The command line of a run: one playbook of this project, and options from a closed list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants, context

from sluis.evidence.predicates import Reason
from sluis.places import Places

#: extra vars that a run may carry; every other one is refused
EXTRA_VARS = frozenset({"change", "phase"})

#: Options that say who, how fast, how loudly, or where a password is, and not what is done.
#: By Ansible's own name for them; what is given for the first three is looked at elsewhere.
_MAY_BE_GIVEN = frozenset(
    {
        "args",
        "extra_vars",
        "inventory",
        "ask_pass",
        "ask_vault_pass",
        "become_ask_pass",
        "become_password_file",
        "check",
        "connection_password_file",
        "forks",
        "vault_ids",
        "vault_password_files",
        "verbosity",
    }
)

#: These only look: nothing is run, so nothing is refused.
_LOOKS = ("syntax", "listhosts", "listtasks", "listtags")

_DIFF = "--diff"

_NAMES = {
    "module_name": "-m (ad hoc)",
    "private_key_file": "--private-key",
    "remote_user": "--user",
    "subset": "--limit",
}


def only_looks() -> bool:
    """Whether this command lists or parses and runs nothing."""
    return any(context.CLIARGS.get(name) for name in _LOOKS)


def leaves_tasks_out() -> bool:
    """Whether an option could leave out every task, so that nothing is done without a word."""
    return bool(set(_given()) & {"--tags", "--skip-tags", "--start-at-task"})


def checks_only() -> bool:
    """Whether the whole run is in check mode: it changes nothing, and leaves nothing behind."""
    return bool(context.CLIARGS.get("check"))


def playbook_name() -> str:
    """File name of the one playbook of this run; empty when it is not one."""
    named = _playbooks()
    return Path(named[0]).name if len(named) == 1 else ""


def command_line_reasons(places: Places, extra_vars: Mapping[str, Any]) -> list[Reason]:
    """What the command line asks for that no run may.

    Options that part a run, or send it elsewhere, are too many to name and grow with each
    release of Ansible: so what is not on the list above has to have its ordinary value.

    Args:
        places: the project.
        extra_vars: what ``-e`` gave.
    """
    found = [*_one_of_ours(places)]
    found += [_not_allowed(option) for option in _given()]
    found += [
        Reason(
            code="extra-var-not-allowed",
            about=name[:80] or "(empty)",
            sentence=f"The extra var {name[:80]!r} could replace what was signed.",
            remedy=f"Only these are allowed: {', '.join(sorted(EXTRA_VARS))}. Put the rest in the "
            "inventory, where it becomes part of the plan.",
        )
        for name in sorted(extra_vars)
        if name not in EXTRA_VARS
    ]
    return found


def _not_allowed(option: str) -> Reason:
    sentence = f"The option {option} could make this another run than the one that was signed."
    remedy = (
        "Leave it out. A change resumes by itself where it stopped; what belongs to the machines "
        "stands in the inventory."
    )
    if option == _DIFF:
        # nobody can tell which of these lines are secret: a file that was sealed is sent in the
        # open, a template holds what was worked out of a secret, and a host has files of its own
        sentence = (
            f"The option {option} prints what is in files, also what ansible-vault keeps secret "
            "and what lies on the client's machines."
        )
        remedy = (
            'Leave it out, and "always" under [diff] in ansible.cfg as well. Prepare shows what '
            "will be done; a template is bound by what comes out of it."
        )
    return Reason(code="option-not-allowed", about=option, sentence=sentence, remedy=remedy)


def _playbooks() -> tuple[str, ...]:
    given = context.CLIARGS.get("args", ())
    # of "ansible" and "ansible-console" this is a pattern of hosts
    return () if isinstance(given, str) else tuple(str(item) for item in given)


def _one_of_ours(places: Places) -> list[Reason]:
    """A play of another playbook in the same process sets facts that outrank ours."""
    named = _playbooks()
    if len(named) != 1:
        return [
            Reason(
                code="not-one-playbook",
                about=", ".join(named)[:200] or "(none)",
                sentence="A run is of exactly one playbook of this project. What another one "
                "sets in the same run would outrank what was signed.",
                remedy="Start each playbook in a run of its own.",
            )
        ]
    path, folder = Path(named[0]), places.root / "playbooks"
    if (
        not path.is_symlink()
        and not folder.is_symlink()
        and path.resolve() == folder.resolve() / path.name
    ):
        return []
    return [
        Reason(
            code="foreign-playbook",
            about=named[0][:200],
            sentence="The playbook does not belong to this project, so nobody signed it.",
            remedy=f"Run one of the playbooks in {folder}, by its own name and not by a link.",
        )
    ]


def _given() -> list[str]:
    ordinary = {
        "become": constants.DEFAULT_BECOME,
        "become_method": constants.DEFAULT_BECOME_METHOD,
        "connection": constants.DEFAULT_TRANSPORT,
        "tags": ("all",),
    }
    return [
        _NAMES.get(name, "--" + name.replace("_", "-"))
        for name, value in sorted(context.CLIARGS.items())
        if name not in _MAY_BE_GIVEN
        and name not in _LOOKS
        and value
        and (tuple(value) if isinstance(value, list) else value) != ordinary.get(name)
    ]
