#!/usr/bin/python
"""Ansible module: look at a backup that somebody else made."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_copies
short_description: Look at a backup that somebody else made
description:
  - Finds its generations, reads the newest byte by byte, restores it to a scratch folder,
    opens what came back, and does the same with an older one that differs.
  - Runs where the backup can be read. Is called by the action plugin asset_adopt.
attributes:
  check_mode:
    support: full
    description: Nothing is read or written. The action plugin says what would be done.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: What to look at, as JSON in base64.
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
# Not used by itself. The entry point adopt of the role snapshot_and_verify runs:
- name: Hold the existing backup against its source
  asset_adopt:
    stage: judge
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
    from sluis.border.verbs.asset_copies import ASSET_COPIES
    from sluis.snapshot.adopt import adopt_backup

    serve(module, ASSET_COPIES, adopt_backup)


if __name__ == "__main__":
    main()
