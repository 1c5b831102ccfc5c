"""Look before Ansible opens the inventory, and before it loads a callback.

Both come before the early refusal of ``vars_plugins``: Ansible waits for a pipe that is named as
an inventory, and ansible-runner's callback writes where a variable says. ``ansible.cfg`` puts this
plugin before all others. It reads no inventory, and adds nothing to one.
"""

from __future__ import annotations

import sys

# Sluis reads inventories too; there it is settled already what is taken from where.
if "sluis.bytecode" not in sys.modules:
    # What lies compiled beside a source is not taken: no file can be in this folder.
    sys.pycache_prefix = "/dev/null"

    from sluis.bytecode import use_private_cache

    use_private_cache()

from ansible.errors import AnsibleError
from ansible.plugins.inventory import BaseInventoryPlugin

from sluis.errors import SluisError
from sluis.runbook.early import refuse_at_first

DOCUMENTATION = """
name: first_look
short_description: Refuse what cannot wait until the inventory is read
description:
  - Stops a run before Ansible opens an inventory that is no file, or loads a callback that would
    write among the files of this project. It reads no inventory.
"""


class InventoryModule(BaseInventoryPlugin):
    """Made by Ansible before it opens the first list of hosts."""

    NAME = "first_look"

    def __init__(self):
        """Stop the run, or let it go on."""
        super().__init__()
        # An error here ends the run. What verify_file or parse raise is passed over.
        try:
            refuse_at_first(__file__)
        except SluisError as error:
            raise AnsibleError(str(error)) from error

    def verify_file(self, path):
        """No list of hosts is ours to read."""
        return False
