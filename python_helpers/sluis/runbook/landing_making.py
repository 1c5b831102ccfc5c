"""Make the landing folders of a scope: where the client puts what it moves itself (B4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sluis.border.tenant import Target, TenantSecrets
from sluis.border.verbs.tenant_landing import Answer, Request
from sluis.errors import InputError
from sluis.evidence.predicates import Landing, LandingFolder, Machine
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope import moving
from sluis.scope.division import CONTROLLER
from sluis.scope.ends import end_of_deadline
from sluis.scope.model import Asset, ClientMovesIt

Call = Callable[[Request, TenantSecrets], Answer]


@dataclass(frozen=True)
class ToLand:
    """An asset that the client moves into a folder of ours."""

    asset: Asset
    disposition: ClientMovesIt
    landing: moving.Landing

    @property
    def words(self) -> str:
        """The step, as the client signs it."""
        return (
            f"Make the folder {self.landing.folder} in the tenant {self.landing.tenant} for "
            f"{self.asset.id}, which {self.disposition.owner} moves there by "
            f"{self.disposition.deadline}; {self.landing.account} may write in it"
        )


def landings_of(run: Run, host: str) -> list[ToLand]:
    """The landing folders that a host makes and looks in.

    A source that lies on no worker of ours has none of its own; the first worker does it.

    Args:
        run: the current run.
        host: inventory name of the worker.
    """
    workers = [name for name in run.export_workers or (CONTROLLER,) if name in run.hosts]
    first = (workers or run.hosts or (host,))[0]
    return [
        ToLand(asset, asset.disposition, asset.disposition.landing)
        for asset in read_scope(run).assets
        if isinstance(asset.disposition, ClientMovesIt)
        and asset.disposition.landing is not None
        and (asset.host or first) == host
    ]


def make_landing(
    run: Run,
    dossier: OpenDossier,
    worker: Source,
    asset_id: str,
    settings: TenantSettings,
    call: Call,
) -> LandingFolder:
    """Make one landing folder, let its owner write in it, and record where it is.

    Runs inside a guarded step, so the gate has let it through.

    Args:
        run: the current run.
        dossier: where the folder is recorded.
        worker: the host that makes it.
        asset_id: what the client moves there.
        settings: accounts and secrets of the new tenant.
        call: runs ``make_landing_folder`` there.

    Raises:
        InputError: ``not-on-this-host``, or ``bad-landing`` when the deadline has passed.
        SluisError: it could not be made.
    """
    wanted = next((one for one in landings_of(run, worker.host) if one.asset.id == asset_id), None)
    if wanted is None:
        raise InputError(
            "not-on-this-host",
            f"The scope has no asset {asset_id[:80]!r} with a landing folder that {worker.host} "
            "makes.",
            "Correct the scope, and prepare again.",
        )
    landing = wanted.landing
    deadline = end_of_deadline(wanted.disposition.deadline)
    made = call(
        Request(
            account=settings.account(landing.tenant),
            budget=settings.budget(landing.tenant),
            target=Target(landing.drive, landing.folder),
            owner=landing.account,
            deadline=deadline.isoformat(),
        ),
        settings.secret(landing.tenant),
    )
    place = LandingFolder(
        tenant=landing.tenant,
        drive=landing.drive,
        folder=landing.folder,
        item_id=made.item_id,
        web_url=made.web_url,
        deadline=deadline,
        made_at=datetime.fromisoformat(made.made),
    )
    machine = Machine(host=worker.host, target=worker.target)
    dossier.ledger.append(
        Landing(asset=asset_id, machine=machine, place=place), key=dossier.key, now=now()
    )
    return place
