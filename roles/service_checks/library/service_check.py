#!/usr/bin/python
"""Make read-only checks on this host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_check
short_description: Make read-only checks on a host
description:
  - Looks whether services run, ports are open, web pages and databases answer, and files
    have their content. It changes nothing.
  - It is called by the action of the role C(service_checks), which records the answers. Its
    result alone proves nothing.
attributes:
  check_mode:
    description: The checks only read, so they are made in check mode as well.
    support: full
options:
  code:
    description: The project's own code that does it, packed. See C(sluis.border.code_bundle).
    type: str
    required: true
  request:
    description: The checks, as described for the role, as JSON in base64.
    type: str
    required: true
  secrets:
    description: Passwords by the id of the check, as JSON in base64. Never logged.
    type: str
    required: true
author:
  - Sluis contributors
"""

EXAMPLES = r"""
# Not used by itself. The role service_checks runs:
- name: Make the checks of this host
  service_checks:
    checks: "{{ service_checks_list }}"
"""

RETURN = r"""
answer:
  description: What came of each check, as JSON in base64. Holds no secret.
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
    from sluis.border.verbs.service_check import SERVICE_CHECK
    from sluis.checks.run import answer_checks

    serve(module, SERVICE_CHECK, answer_checks, looks=True, changes=False)


if __name__ == "__main__":
    main()
