#!/usr/bin/python
"""Ansible module: swap a restored and compared copy in."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_swap
short_description: Swap a restored and compared copy in
description:
  - Gives the live name to the copy that was restored beside and found equal. What was there
    goes to quarantine under a name of its own. Nothing is ever deleted.
  - Killed anywhere, the next run finishes it. A swap that was done stays done.
  - Refuses while a process still has the live data open.
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
- name: Swap the copy in
  guarded:
    step: swap-letters
    module: asset_swap
    args:
      asset: letters
      which: before this change
    way_back: true
"""

RETURN = r"""
answer:
  description: Where the displaced data is, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.asset_swap import ASSET_SWAP
    from sluis.snapshot.progress import forget
    from sluis.snapshot.restore import swap

    serve(module, ASSET_SWAP, swap, afterwards=forget, looks=True)


if __name__ == "__main__":
    main()
