#!/usr/bin/python
"""Ansible module: compare one asset in its new tenant with its manifest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_reconcile
short_description: Compare one asset in its new tenant with its manifest
description:
  - Lists the target anew, downloads what has to be, and says of each item what it is.
  - Is called by an action plugin that records the answer in the ledger.
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
    description: What to do, as JSON in base64. See C(sluis.border.verbs.tenant_reconcile).
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
# Not used by itself. The role reconcile runs:
- name: Compare one asset in its new tenant with its manifest
  tenant_reconcile:
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
    from sluis.border.verbs.tenant_reconcile import TENANT_RECONCILE
    from sluis.snapshot.progress import forget

    lacking = ""
    try:
        from sluis.tenant.on_worker import reconcile_asset
    except ImportError as error:
        reconcile_asset, lacking = None, str(error)

    serve(module, TENANT_RECONCILE, reconcile_asset, afterwards=forget, lacking=lacking)


if __name__ == "__main__":
    main()
