#!/usr/bin/python
"""Ansible module: find everything in a tenant that may hold data."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_discover
short_description: Find everything in a tenant that may hold data
description:
  - Lists every drive of every site and person, and the other kinds of data that the app's
    rights show.
  - Is called by the action plugin of the same name, which records the answer in the ledger.
    Called by itself its answer is no evidence.
  - The Python on the worker needs the libraries aiohttp, msal and numpy.
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
    description: What to do, as JSON in base64. See C(sluis.border.verbs.tenant_discover).
    type: str
    required: true
  secrets:
    description: The app's secret, as JSON in base64. Never logged.
    type: str
    required: true
author:
  - Sluis contributors
"""

EXAMPLES = r"""
# Not used by itself. The role tenant_export runs:
- name: Find everything in a tenant that may hold data
  tenant_discover:
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
    from sluis.border.verbs.tenant_discover import TENANT_DISCOVER
    from sluis.snapshot.progress import forget

    lacking = ""
    try:
        from sluis.tenant.on_worker import discover_sources
    except ImportError as error:
        discover_sources, lacking = None, str(error)

    serve(module, TENANT_DISCOVER, discover_sources, afterwards=forget, lacking=lacking)


if __name__ == "__main__":
    main()
