"""Which hosts a play runs on, when no option can leave out all of its tasks.

Ansible asks for the variables of a host, and so for ``refuse_early``, before the first task. With
tags that no task has there is none, and a run would end well without a word. The hosts of a play
it asks for in any case. The file loads because it lies beside the playbooks.
"""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from sluis.errors import SluisError
from sluis.runbook.command_line import leaves_tasks_out
from sluis.runbook.early import refuse_early

DOCUMENTATION = """
name: batch
author: Sluis contributors
short_description: The hosts of a run that is acceptable
description:
  - Gives back the pattern that it is given, or stops the run as the vars plugin C(refuse_early)
    does.
options:
  _terms:
    description: A pattern of hosts.
    required: true
"""

EXAMPLES = """
- hosts: "{{ lookup('batch', 'all:!verifiers') }}"
"""

RETURN = """
_raw:
  description: The same pattern.
  type: list
  elements: str
"""

#: as Ansible names it when it asks that one: what was judged once is not judged again
_VARS_PLUGIN = Path(__file__).parents[1] / "vars_plugins" / "refuse_early.py"


class LookupModule(LookupBase):
    """Looked at by Ansible for each play, whatever its tags."""

    def run(self, terms, variables=None, **kwargs):
        """Return the pattern, or stop the run."""
        del variables, kwargs
        if leaves_tasks_out():
            try:
                refuse_early(str(_VARS_PLUGIN), self._loader)
            except SluisError as error:
                # as the vars plugin ends it; Ansible would call any error here one of the playbook
                Display().error(str(error), wrap_text=False)
                raise SystemExit(1) from error
        return list(terms)
