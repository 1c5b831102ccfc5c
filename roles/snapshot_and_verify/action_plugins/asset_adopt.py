"""Adopt a backup that the client already has: challenge it, judge it, later ask for it again."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_check import ASSET_CHECK, CheckSecrets, Request
from sluis.border.verbs.asset_copies import ASSET_COPIES
from sluis.border.verbs.asset_kept import ASSET_KEPT
from sluis.border.verbs.asset_observe import ASSET_OBSERVE
from sluis.errors import InputError, SluisError
from sluis.evidence.predicates import Machine
from sluis.runbook.adopted_keeping import ask_for_adopted
from sluis.runbook.adopting import Place, adopt, challenge
from sluis.runbook.checking import backups_here, from_error
from sluis.runbook.findings import OutThereError
from sluis.runbook.following import ask_and_follow
from sluis.runbook.host_errors import host_error
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, ask, refuse_objections, target_of
from sluis.runbook.snapshot_settings import read_settings
from sluis.runbook.snapshot_taking import Source


class ActionModule(ActionBase):
    """The backup is read on the asset's host, unless the task is delegated elsewhere."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Do what ``stage`` says: ``challenge``, ``judge`` or ``kept``."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            stage = self._task.args.get("stage")
            if stage not in ("challenge", "judge", "kept"):
                raise InputError(
                    "bad-stage", f"There is no stage {stage!r}.", "Use challenge, judge or kept."
                )
            target, address = target_of(self)
            host = "".join(task_vars["inventory_hostname"])
            settings = read_settings(task_vars, self._templar, store_needed=False)
            if stage == "kept":
                return self._kept(run, Machine(host=host, target=target), settings, task_vars)
            place = Place(
                source=Source(host, target, address),
                verifier=Machine(host=host, target=target),
                observe=lambda request, secrets: ask(
                    self, ASSET_OBSERVE, request, secrets, task_vars
                ),
                look=lambda request, secrets: ask(self, ASSET_COPIES, request, secrets, task_vars),
            )
            if stage == "challenge":
                self._demand_backups(run, host, settings, task_vars)
            work = challenge if stage == "challenge" else adopt
            done = work(
                run,
                open_dossier(run),
                place,
                settings,
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        return done.as_result() | {
            "failed": bool(done.refused),
            "refused": bool(done.refused),
            "reasons": [reason.model_dump(mode="json") for reason in done.refused],
        }

    def _demand_backups(self, run, host, settings, task_vars):
        """A nonce that no backup could hold is not placed. Copies may come with the next backup."""
        backups = tuple(one for one in backups_here(run, host, settings) if one.store is not None)
        if not backups:
            return
        request = Request(part="source", backups=backups, restic=settings.restic)
        secrets = CheckSecrets(backups=dict(settings.backup_secrets))
        answer = ask(self, ASSET_CHECK, request, secrets, task_vars)
        found = [
            from_error(host, host_error(one.failure, host=host, module=ASSET_CHECK.name))
            for one in answer.troubles
        ]
        if found:
            raise OutThereError(found)

    def _kept(self, run, machine, settings, task_vars):
        """Take back the proof of a backup that is gone; ``stops``: and end the run."""
        if self._task.check_mode:
            return {"changed": False, "msg": ["each adopted backup would be asked for"]}

        return ask_for_adopted(
            run,
            open_dossier(run),
            machine,
            settings,
            lambda request, secrets: ask_and_follow(self, ASSET_KEPT, request, secrets, task_vars),
            stops=self._task.args.get("stops") is True,
        ).as_result()
