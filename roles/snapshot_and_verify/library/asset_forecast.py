#!/usr/bin/python
"""Ansible module: measure how fast this machine's assets can be copied."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_forecast
short_description: Measure how fast this machine's assets can be copied
description:
  - Counts the assets, reads from the source for a second, and sends the store up to a few
    megabytes that are removed again.
  - Is called by the action plugin of the same name, which turns the figures into hours for
    each route.
attributes:
  check_mode:
    support: full
    description: Counts and reads; sends nothing to the store.
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: Which assets and which store, as JSON in base64. See C(sluis.snapshot.measure).
    type: str
    required: true
  secrets:
    description: The store's login, as JSON in base64. Never logged.
    type: str
    required: true
author:
  - Sluis contributors
"""

EXAMPLES = r"""
# Not used by itself. The role snapshot_and_verify runs:
- name: Say how long it will take
  asset_forecast:
"""

RETURN = r"""
answer:
  description: Speeds and sizes, as JSON in base64.
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
    from sluis.border.verbs.asset_forecast import ASSET_FORECAST
    from sluis.snapshot.measure import measure_speeds

    serve(module, ASSET_FORECAST, measure_speeds, looks=True, changes=False)


if __name__ == "__main__":
    main()
