#!/usr/bin/python
"""Ansible module: look at what a move needs, and write nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_check
short_description: Look at the tenants, servers and folders that a move needs
description:
  - Signs in to each tenant, and asks whether its drives are there and what the app may do. Logs in
    to each SFTP server, and lists the top of its folders. Writes nothing, and ends within seconds.
  - Is called by the action plugin of the same name, which says what is wrong and what to do.
    Called by itself its answer is no evidence.
  - The Python on the worker needs the libraries aiohttp, msal, numpy and paramiko.
attributes:
  check_mode:
    support: full
    description: It is all the same, because nothing is ever changed.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: What to look at, as JSON in base64. See C(sluis.border.verbs.tenant_check).
    type: str
    required: true
  secrets:
    description: Secrets of apps and logins, as JSON in base64. Never logged.
    type: str
    required: true
author:
  - Sluis contributors
"""

EXAMPLES = r"""
# Not used by itself. The role tenant_export runs:
- name: Look at what a move needs
  tenant_check:
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
    from sluis.border.verbs.tenant_check import TENANT_CHECK

    lacking = ""
    try:
        from sluis.tenant.look_move import look_at_move
    except ImportError as error:
        look_at_move, lacking = None, str(error)

    serve(
        module,
        TENANT_CHECK,
        look_at_move,
        looks=True,
        changes=False,
        lacking=lacking,
    )


if __name__ == "__main__":
    main()
