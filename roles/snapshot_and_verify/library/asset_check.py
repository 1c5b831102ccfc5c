#!/usr/bin/python
"""Ansible module: look at what a change needs on this machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_check
short_description: Look at what a change needs on this machine
description:
  - Looks at the programs, the store, the assets, the rights of the databases' users, the room on
    the disks and the clock, and changes nothing.
  - Is called by the action plugin of the same name, which says what is wrong.
attributes:
  check_mode:
    support: full
    description: It only looks, in check mode and otherwise.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: What to look at, as JSON in base64. See C(sluis.snapshot.look).
    type: str
    required: true
  secrets:
    description: Logins of the store and of databases, as JSON in base64. Never logged.
    type: str
    required: true
author:
  - Sluis contributors
"""

EXAMPLES = r"""
# Not used by itself. The role snapshot_and_verify runs:
- name: Look at the machine, its assets and its store
  asset_check:
    part: source
"""

RETURN = r"""
answer:
  description: What was found, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.asset_check import ASSET_CHECK
    from sluis.snapshot.look import look_around

    serve(module, ASSET_CHECK, look_around, looks=True, changes=False)


if __name__ == "__main__":
    main()
