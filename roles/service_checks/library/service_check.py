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
  checks:
    description:
      - The checks, as described for the role.
      - A check that cannot be read or made has C(passed) C(null).
    type: list
    elements: dict
    required: true
  passwords:
    description: Passwords by the id of the check. They go to client programs by environment.
    type: dict
    default: {}
author:
  - Sluis contributors
"""

EXAMPLES = r"""
- name: Ask whether the patient system answers
  service_check:
    checks:
      - id: web
        type: http
        url: http://127.0.0.1:8080/
        contains: Welkom
"""

RETURN = r"""
answers:
  description: One answer for each check, in the same order.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the check.
      type: str
    passed:
      description: Whether it passed; C(null) when it could not be made.
      type: bool
    detail:
      description: What was found, in one sentence without data of the client.
      type: str
    tries:
      description: How often it was tried.
      type: int
    seconds:
      description: How long it took.
      type: float
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.sluis.checks.run import run_checks


def main():
    """Read the arguments, make the checks, return the answers."""
    module = AnsibleModule(
        argument_spec={
            "checks": {"type": "list", "elements": "dict", "required": True},
            "passwords": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    answers = run_checks(module.params["checks"], module.params["passwords"])
    module.exit_json(changed=False, answers=answers)


if __name__ == "__main__":
    main()
