"""Moved to ``sluis.runbook.run``; this name goes away once nothing imports it."""

from sluis.runbook.run import OpenDossier, Run, current_run, now, open_dossier, project_of

__all__ = ["OpenDossier", "Run", "current_run", "now", "open_dossier", "project_of"]
