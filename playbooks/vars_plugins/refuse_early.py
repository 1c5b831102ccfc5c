"""Refuse a run that is wrong from the start, in Ansible's main process.

The task debugger opens on a refusal inside a task, and could be used to edit the task
there; a refusal here comes before any task exists. The file loads because it lies
beside the playbooks. It adds no variables.
"""

from __future__ import annotations

import sys

# What lies compiled beside a source is not taken: no file can be in this folder.
sys.pycache_prefix = "/dev/null"

from sluis.bytecode import use_private_cache  # noqa: E402

use_private_cache()

from ansible.errors import AnsibleError  # noqa: E402
from ansible.plugins.vars import BaseVarsPlugin  # noqa: E402

from sluis.errors import SluisError  # noqa: E402
from sluis.runbook.early import keep_up, refuse_early  # noqa: E402

DOCUMENTATION = """
name: refuse_early
short_description: Refuse a run that is wrong from the start
description:
  - Stops a run whose options, extra vars, environment, settings or inventory would let it
    differ from what was signed, and records the refusal. It returns no variables.
"""


class VarsModule(BaseVarsPlugin):
    """Looked at by Ansible before the first task."""

    REQUIRES_ENABLED = False

    def get_vars(self, loader, path, entities, cache=True):
        """Return no variables, or stop the run."""
        super().get_vars(loader, path, entities)
        try:
            refuse_early(__file__, loader, entities)
            keep_up(__file__)
        except SluisError as error:
            raise AnsibleError(str(error)) from error
        return {}
