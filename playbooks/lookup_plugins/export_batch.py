"""Which hosts a playbook runs on that may have to fetch something.

The file loads because it lies beside the playbooks.
"""

from __future__ import annotations

from ansible.plugins.lookup import LookupBase

from sluis.errors import SluisError
from sluis.runbook.command_line import playbook_name
from sluis.runbook.division import needs_this_machine
from sluis.runbook.run import CHECK, current_run

DOCUMENTATION = """
name: export_batch
author: Sluis contributors
short_description: The hosts of a run that may have to fetch something
description:
  - Every host of the inventory but the verifiers. The machine that Sluis runs on joins them when
    the scope leaves open who fetches something and the inventory has no group C(export_workers).
"""

EXAMPLES = """
- hosts: "{{ lookup('export_batch') }}"
"""

RETURN = """
_raw:
  description: A pattern of hosts.
  type: list
  elements: str
"""

_EVERYBODY = "all:!verifiers"


class LookupModule(LookupBase):
    """Goes by the scope in the project and by the inventory's groups alone."""

    def run(self, terms, variables=None, **kwargs):
        """Return one pattern. What is wrong with the run is for its tasks to say."""
        del terms, kwargs
        try:
            joins = needs_this_machine(current_run(variables or {}, __file__))
        except SluisError:
            # a look at a client, or at a change whose scope cannot be read, needs no worker
            joins = playbook_name() != CHECK
        return [f"{_EVERYBODY}:localhost" if joins else _EVERYBODY]
