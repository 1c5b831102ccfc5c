#!/usr/bin/python
"""Ansible module: ask a store whether it still keeps snapshots that were proven."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_kept
short_description: Ask a store whether it still keeps snapshots that were proven
description:
  - Looks whether the store shows each snapshot, and whether every folder and every file of data
    that it needs is there. Not each byte is read again.
  - Looks in the same way at copies on a disk, of a backup that was adopted.
  - Runs on the verifier, and for a backup that was adopted on the asset's host. Is called by the
    action plugins C(asset_kept) and C(asset_adopt), which take back the proof of what is gone.
attributes:
  check_mode:
    support: full
    description: Nothing is asked.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: What to look for, as JSON in base64. See C(sluis.snapshot.kept).
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
# Not used by itself. The role snapshot_and_verify runs:
- name: Ask whether the proven copies are still there
  asset_kept:
    stops: true
  delegate_to: localhost
"""

RETURN = r"""
answer:
  description: What is not there any more, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.asset_kept import ASSET_KEPT
    from sluis.snapshot.kept import look_for_kept

    serve(module, ASSET_KEPT, look_for_kept)


if __name__ == "__main__":
    main()
