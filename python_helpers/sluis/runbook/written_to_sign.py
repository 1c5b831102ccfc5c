"""What in a scope that can be read nobody can sign any more, said with its line."""

from __future__ import annotations

from collections.abc import Iterator

from sluis.errors import InputError, SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.places import Places
from sluis.runbook.run import now
from sluis.scope.broken import Broken
from sluis.scope.complaints import Problem, problem_of_rule
from sluis.scope.gone_by import gone_by
from sluis.scope.load import LoadedScope
from sluis.scope.strict_yaml import read_tree
from sluis.signoff.proposal import must_be_a_new_version


def not_to_be_signed(
    places: Places, client: str, change: str, loaded: LoadedScope
) -> Iterator[Problem]:
    """Days that are past, and another scope under a version that the client answered about.

    Args:
        places: the project.
        client: client id.
        change: change id.
        loaded: a scope that holds.
    """
    tree = read_tree(loaded.source, {})
    broken = (*gone_by(loaded.document, now()), *_answered(places, client, change, loaded))
    yield from (problem_of_rule(rule, tree) for rule in broken)


def _answered(places: Places, client: str, change: str, loaded: LoadedScope) -> Iterator[Broken]:
    folder = places.dossier(client, change)
    if not folder.is_dir():
        return
    try:
        view = Ledger(folder, load_anchors(places.trust(client), client), client, change).read(
            now()
        )
        document = loaded.document
        must_be_a_new_version(ObjectStore(folder), view, document, document.digest())
    except InputError as error:
        if error.code == "same-version":
            yield Broken(("version",), error.code, error.what, error.remedy)
    except SluisError:
        return  # a ledger that cannot be read is said by what needs it
