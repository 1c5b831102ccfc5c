#!/usr/bin/python
"""Ansible module: look what has arrived in a landing folder."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant_landing_look
short_description: Look what has arrived in a landing folder
description:
  - Lists the folder and compares what is there, by path and size, with what should come. Reads
    no file and writes nothing there.
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
    description: What to do, as JSON in base64. See C(sluis.border.verbs.tenant_landing_look).
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
- name: Look what has arrived in a landing folder
  landing_watch:
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
    from sluis.border.verbs.tenant_landing_look import TENANT_LANDING_LOOK
    from sluis.snapshot.progress import forget

    lacking = ""
    try:
        from sluis.tenant.landing_on_worker import look_in_landing
    except ImportError as error:
        look_in_landing, lacking = None, str(error)

    serve(
        module,
        TENANT_LANDING_LOOK,
        look_in_landing,
        changes=False,
        afterwards=forget,
        lacking=lacking,
    )


if __name__ == "__main__":
    main()
