#!/usr/bin/python
"""Ansible module: restore a snapshot beside the live data and compare it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_restore
short_description: Restore a snapshot beside the live data and compare it
description:
  - Fetches one snapshot from the store into a folder (or database) of our own beside the live
    data, and holds every byte of it against the signed manifest or figures.
  - The live data is not touched. An equal copy that is already there is used again.
  - Is called by the action plugin of the same name, inside a guarded step. The action finds
    the snapshot in the ledger and records the comparison there.
attributes:
  check_mode:
    support: full
    description: Looks what there is and says what would be done. Changes nothing.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: What to do, as JSON in base64. See C(sluis.snapshot.restore).
    type: str
    required: true
  secrets:
    description: Passwords, as JSON in base64. Never logged.
    type: str
    required: true
author:
  - Sluis contributors
"""

EXAMPLES = r"""
# Not used by itself. The role restore_asset runs:
- name: Restore beside and compare
  guarded:
    step: restore-letters
    module: asset_restore
    args:
      asset: letters
      which: before this change
    way_back: true
"""

RETURN = r"""
answer:
  description: Where the copy is and how it compares, as JSON in base64. Holds no secret.
  returned: success
  type: str
failure:
  description: The error with its code, what happened and what to do, as JSON in base64.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.sluis.border.code_bundle import arrive


def main():
    module = arrive(AnsibleModule)
    from sluis.border.door import serve
    from sluis.border.verbs.asset_restore import ASSET_RESTORE
    from sluis.snapshot.progress import forget
    from sluis.snapshot.restore import restore_beside

    serve(module, ASSET_RESTORE, restore_beside, afterwards=forget, looks=True)


if __name__ == "__main__":
    main()
