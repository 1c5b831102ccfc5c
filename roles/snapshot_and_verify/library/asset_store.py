#!/usr/bin/python
"""Ansible module: prepare a store for snapshots."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_store
short_description: Prepare a store for snapshots
description:
  - Makes the repository, adds the escrowed key and puts a probe on the store, as far as
    they are missing. What is there stays as it is.
  - Runs on the verifier, so that the escrowed password never reaches the machine whose
    data is copied. Is called by the action plugin of the same name.
attributes:
  check_mode:
    support: full
    description: The store is looked at and not written to.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: Which store, as JSON in base64. See C(sluis.snapshot.prepare).
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
- name: Prepare the store
  asset_store:
  delegate_to: localhost
"""

RETURN = r"""
answer:
  description: What was done, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.asset_store import ASSET_STORE
    from sluis.snapshot.prepare import prepare_store

    serve(module, ASSET_STORE, prepare_store, looks=True, changes=False)


if __name__ == "__main__":
    main()
