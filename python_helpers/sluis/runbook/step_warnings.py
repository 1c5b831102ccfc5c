"""Hold back the warnings that Ansible collects while a step runs, until they are clean.

Ansible warns of lines that a host wrote around its answer, in their words. Those warnings
go past the result, straight to the screen and the log. The class used here is internal to
ansible-core; ``tests/playbooks/test_ansible_contract.py`` holds it against the release.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible._internal._display_utils import DeferredWarningContext

from sluis.runbook.redaction import Redaction


@contextmanager
def warnings_without(redaction: Redaction) -> Iterator[None]:
    """Run what is inside; pass its warnings on cleaned.

    Args:
        redaction: the secrets of the call.
    """
    outer = DeferredWarningContext.current(optional=True)
    if outer is None:
        yield
        return
    held = DeferredWarningContext(variables={})
    try:
        with held:
            yield
    finally:
        for warning in [*held.get_warnings(), *held.get_deprecation_warnings()]:
            outer.capture(redaction.value(warning))
