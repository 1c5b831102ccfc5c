"""Look in the landing folders: what has arrived, what has not, and how long there is left (B4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sluis.border import codec
from sluis.border.tenant import TenantSecrets
from sluis.border.verbs import tenant_landing_look as looking
from sluis.counted import plural
from sluis.errors import SluisError
from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Export, Landing, LandingLook, Machine, Told
from sluis.runbook.landing_making import ToLand, landings_of
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source
from sluis.runbook.tenant_importing import source_id
from sluis.runbook.tenant_settings import TenantSettings

Call = Callable[[looking.Request, TenantSecrets], looking.Answer]

#: so long before the deadline everything is said as a warning (days)
NEAR_DAYS = 7.0


@dataclass
class Looked:
    """What was found, for the operator. ``loud`` is what is late or could not be seen."""

    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)


def newest_landing(view: View, wanted: ToLand) -> Landing | None:
    """Where the folder of an asset is, as it was last made under this scope."""
    place = (wanted.landing.tenant, wanted.landing.drive, wanted.landing.folder)
    found = view.latest(
        Landing,
        lambda item: (
            item.body.asset == wanted.asset.id
            and item.body.look is None
            and not item.body.not_seen
            and (item.body.place.tenant, item.body.place.drive, item.body.place.folder) == place
        ),
    )
    return found.body if found is not None else None


def look_at_landings(
    run: Run,
    dossier: OpenDossier,
    worker: Source,
    settings: TenantSettings,
    call: Call,
    *,
    check_mode: bool = False,
) -> Looked:
    """Look in each landing folder of this host, and record what is there. Writes nothing there.

    Args:
        run: the current run.
        dossier: where each look is recorded.
        worker: the host that looks.
        settings: accounts and secrets of the new tenant.
        call: runs ``look_in_landing`` there.
        check_mode: say what would be done.

    Raises:
        SluisError: the ledger cannot be read or written.
    """
    looked = Looked()
    for wanted in landings_of(run, worker.host):
        view = dossier.ledger.read(now())
        made = newest_landing(view, wanted)
        if made is None:
            looked.warnings.append(f"{wanted.asset.id}: its landing folder is not made yet")
            continue
        if check_mode:
            looked.lines.append(f"{wanted.asset.id}: {made.place.folder} would be looked at")
            continue
        machine = Machine(host=worker.host, target=worker.target)
        try:
            body = _look(dossier, view, wanted, made, machine, settings, call)
        except SluisError as error:
            body = Landing(
                asset=made.asset, machine=machine, place=made.place, not_seen=str(error)[:1000]
            )
        dossier.ledger.append(body, key=dossier.key, now=now())
        _tell(looked, body)
    return looked


def _look(
    dossier: OpenDossier,
    view: View,
    wanted: ToLand,
    made: Landing,
    machine: Machine,
    settings: TenantSettings,
    call: Call,
) -> Landing:
    place = made.place
    before = view.latest(
        Landing,
        lambda item: item.body.place.item_id == place.item_id and item.body.look is not None,
    )
    last = before.body.look if before is not None else None
    expected, basis = _expected(view, wanted, settings)
    answer = call(
        looking.Request(
            asset=made.asset,
            account=settings.account(place.tenant),
            budget=settings.budget(place.tenant),
            landing=looking.Landing(
                drive_id=place.drive,
                folder=place.folder,
                item_id=place.item_id,
                web_url=place.web_url,
                owner=wanted.landing.account,
                deadline=place.deadline.isoformat(),
                made=place.made_at.isoformat(),
            ),
            expected=expected,
            files_before=last.files if last is not None else None,
            told=tuple(
                # the scope names a person and an account, and they are the same
                looking.Told(
                    _who(told.body.who, wanted), told.recorded_at.isoformat(), told.body.words
                )
                for told in view.of(Told)
                if told.body.asset == made.asset and told.body.about == "landing"
            ),
        ),
        settings.secret(place.tenant),
    )
    missing = answer.missing_files
    return Landing(
        asset=made.asset,
        machine=machine,
        place=place,
        look=LandingLook(
            state=answer.state,
            late=answer.late,
            files=answer.arrived_files,
            bytes=answer.arrived_bytes,
            expected_from=basis,
            expected_files=answer.expected_files,
            expected_bytes=answer.expected_bytes,
            not_there=None if missing is None else missing + len(answer.other_size),
            new_files=answer.new_files,
            new_bytes=None if last is None else answer.arrived_bytes - last.bytes,
            words=answer.words,
        ),
        report_object=dossier.objects.put(canonical(codec.dump(answer))),
    )


def _expected(
    view: View, wanted: ToLand, settings: TenantSettings
) -> tuple[looking.ByManifest | looking.ByCount, str]:
    """What should arrive: each file where we exported it as well, else the scope's figures."""
    asset = wanted.asset
    export = view.latest(Export, lambda item: item.body.asset == asset.id)
    if export is not None:
        return looking.ByManifest(
            kind="manifest",
            folder=f"{settings.exports}/{asset.id}",
            source_id=source_id(asset),
            pass_number=export.body.pass_number,
            manifest_sha256=export.body.manifest_object,
        ), "the manifest"
    known = asset.items is not None or asset.size is not None
    return looking.ByCount("count", asset.items, asset.size), "the scope" if known else "nothing"


def _who(who: str, wanted: ToLand) -> str:
    owner, account = wanted.disposition.owner, wanted.landing.account
    return account if who.casefold() in (owner.casefold(), account.casefold()) else who


def _tell(looked: Looked, body: Landing) -> None:
    look, place = body.look, body.place
    if look is None:
        said = f"{body.asset}: its landing folder could not be looked at: {body.not_seen}"
        looked.warnings.append(said)
        looked.loud.append(said)
        return
    since = ""
    if look.new_files is not None:
        since = (
            f" Since the last look: {look.new_files:+,} {plural(look.new_files, 'file')},"
            f" {look.new_bytes or 0:+,} {plural(look.new_bytes or 0, 'byte')}."
        )
    looked.lines.append(f"{body.asset}: {look.state}: {look.words}{since}")
    left = (place.deadline - now()).total_seconds() / 86_400
    if look.late:
        said = f"{body.asset}: TOO LATE: {look.words}"
        looked.warnings.append(said)
        looked.loud.append(said)
    elif look.state != "everything has arrived" and left <= NEAR_DAYS:
        looked.warnings.append(f"{body.asset}: {left:.1f} days left: {look.words}")
