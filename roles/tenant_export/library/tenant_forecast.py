#!/usr/bin/python
"""Ansible module: count a server or a folder and measure how fast it can be read."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_forecast
short_description: Measure how fast a server or a folder can be read
description:
  - Counts one asset that lies on an SFTP server or in a folder, and reads a little of it. Writes
    nothing.
  - Is called by the action plugin of the same name, which says how long fetching takes.
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
    description: What to do, as JSON in base64. See C(sluis.border.verbs.tenant_forecast).
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
- name: Say how long fetching takes
  tenant_forecast:
"""

RETURN = r"""
answer:
  description: What was measured, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.tenant_forecast import TENANT_FORECAST
    from sluis.snapshot.progress import forget

    lacking = ""
    try:
        from sluis.tenant.on_worker import measure_asset
    except ImportError as error:
        measure_asset, lacking = None, str(error)

    serve(
        module,
        TENANT_FORECAST,
        measure_asset,
        changes=False,
        afterwards=forget,
        lacking=lacking,
    )


if __name__ == "__main__":
    main()
