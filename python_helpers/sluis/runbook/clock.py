"""The controller's clock, for what must not load Ansible to know the time."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The controller's clock, aware UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
