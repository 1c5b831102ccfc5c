#!/usr/bin/python
"""Ansible module: make a snapshot of one asset of this machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_snapshot
short_description: Make a snapshot of one asset of this machine
description:
  - Copies a directory or dumps a database, with a manifest before and after, a one-time
    nonce in the source, and an older generation when the store has none.
  - Is called by the action plugin of the same name, which records the answer in the ledger.
    Called by itself it makes a snapshot that no gate will ever see.
attributes:
  check_mode:
    support: full
    description: Nothing is read, written or sent. The action plugin says what would be done.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: What to copy and where to, as JSON in base64. See C(sluis.snapshot.make).
    type: str
    required: true
  secrets:
    description: Passwords and the nonce, as JSON in base64. Never logged.
    type: str
    required: true
author:
  - Sluis contributors
"""

EXAMPLES = r"""
# Not used by itself. The role snapshot_and_verify runs:
- name: Snapshot every asset of this host
  asset_snapshot:
    purpose: prepare
"""

RETURN = r"""
answer:
  description: What was made, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.asset_snapshot import ASSET_SNAPSHOT
    from sluis.snapshot.make import make_snapshot
    from sluis.snapshot.progress import forget

    serve(module, ASSET_SNAPSHOT, make_snapshot, afterwards=forget)


if __name__ == "__main__":
    main()
