#!/usr/bin/python
"""Ansible module: fetch one asset from the tenant it is in."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_export
short_description: Fetch one asset from the tenant it is in
description:
  - Lists a drive to its end, fetches what is new or changed, holds each file against the listing,
    and writes a manifest. Killed anywhere, it goes on the next time.
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
    description: What to do, as JSON in base64. See C(sluis.border.verbs.tenant_export).
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
- name: Fetch one asset from the tenant it is in
  tenant_export:
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
    from sluis.border.verbs.tenant_export import TENANT_EXPORT
    from sluis.snapshot.progress import forget

    lacking = ""
    try:
        from sluis.tenant.on_worker import export_asset
    except ImportError as error:
        export_asset, lacking = None, str(error)

    serve(module, TENANT_EXPORT, export_asset, afterwards=forget, lacking=lacking)


if __name__ == "__main__":
    main()
