"""The division of what is fetched over the export workers, as the ledger has it."""

from __future__ import annotations

from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.predicates import Export, Scope
from sluis.runbook.read_before import read_again
from sluis.runbook.run import Run
from sluis.scope.division import Division, divide, needs_controller, placed, workers_of
from sluis.scope.load import load_scope
from sluis.scope.model import ScopeDocument


def placed_scope(run: Run) -> ScopeDocument:
    """The change's scope from its fixed place, each asset with the host that has to do with it.

    Raises:
        InputError: the scope cannot be used; ``no-workers``.
    """
    document = load_scope(run.change_folder / "scope.yml").document
    if not any(asset.is_exported for asset in document.assets):
        return document
    anchors = load_anchors(run.places.trust(run.client), run.client)
    ledger = Ledger(run.dossier, anchors, run.client, run.change)
    view = read_again(run.dossier, ledger)
    return placed(document, division_of(run, view, document, document.digest()))


def needs_this_machine(run: Run) -> bool:
    """Whether the machine that Sluis runs on has to be one of the hosts.

    Raises:
        InputError: the scope cannot be used.
    """
    document = load_scope(run.change_folder / "scope.yml").document
    return needs_controller(document, run.export_workers)


def division_of(run: Run, view: View, document: ScopeDocument, scope_object: str) -> Division:
    """Who fetches what: as recorded for this scope and these workers, else divided now.

    Args:
        run: the current run, which knows the workers.
        view: the ledger.
        document: the scope.
        scope_object: its digest.

    Raises:
        InputError: ``no-workers``.
    """
    workers = workers_of(document, run.export_workers)
    laid_down = view.latest(Scope)
    before = Division(laid_down.body.workers, laid_down.body.given) if laid_down else Division()
    if (
        laid_down is not None
        and laid_down.body.scope_object == scope_object
        and before.workers == workers
    ):
        return before
    return divide(document, workers, fetched_by(view), before)


def fetched_by(view: View) -> dict[str, str]:
    """Worker by asset, of the newest whole pass over each."""
    return {item.body.asset: item.body.machine.host for item in view.of(Export)}
