#!/usr/bin/python
"""Ansible module: look at an asset of this machine without copying it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_observe
short_description: Look at an asset of this machine without copying it
description:
  - Reads a directory's manifest or a database's figures as they are now, or places a nonce
    that the client's own backup has to pick up.
  - Is called by the action plugin asset_adopt.
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
    from sluis.border.verbs.asset_observe import ASSET_OBSERVE
    from sluis.snapshot.observe import observe_source

    serve(module, ASSET_OBSERVE, observe_source)


if __name__ == "__main__":
    main()
