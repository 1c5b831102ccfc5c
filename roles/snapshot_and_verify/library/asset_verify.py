#!/usr/bin/python
"""Ansible module: prove one snapshot by restoring it on this machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_verify
short_description: Prove one snapshot by restoring it on this machine
description:
  - Reads every byte of the store, restores the snapshot into a scratch folder, hashes and
    opens what came back, looks for the nonce, and tries to remove the probe.
  - Runs on the verifier. Is called by the action plugin of the same name, which judges the
    answer and records the verdict in the ledger.
attributes:
  check_mode:
    support: full
    description: Nothing is read, written or restored. The action plugin says what would be done.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: What to prove, as JSON in base64. See C(sluis.snapshot.prove).
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
- name: Prove every snapshot by restoring it
  asset_verify:
  delegate_to: localhost
"""

RETURN = r"""
answer:
  description: What was found, level by level, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.asset_verify import ASSET_VERIFY
    from sluis.snapshot.progress import forget
    from sluis.snapshot.prove import prove_snapshot

    serve(module, ASSET_VERIFY, prove_snapshot, afterwards=forget)


if __name__ == "__main__":
    main()
