"""One run of a change: its lock is held from the first look at the ledger to the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sluis.cli.lock import only_run
from sluis.cli.runner import Phase, Playbook, Request, RunReport, run
from sluis.cli.session import Session
from sluis.dossier.material import Material, read_material


def newest(material: Material) -> int:
    """The number of the newest statement; 0 when there is none."""
    return max((item.number for item in material.view.statements), default=0)


@contextmanager
def one_run(session: Session, client: str, change: str, what: str) -> Iterator[OneRun]:
    """Hold the change's lock.

    Args:
        session: this call of ``sluis``.
        client: client id, already checked.
        change: change id, already checked.
        what: what is about to run, for the message to whoever comes second.

    Raises:
        SluisError: ``run-in-progress``.
    """
    with only_run(session.places.dossier(client, change), what, session.now()) as lock:
        yield OneRun(session, client, change, lock)


@dataclass(frozen=True)
class OneRun:
    """What can be done while the lock is held. Make it with :func:`one_run`."""

    session: Session
    client: str
    change: str
    lock: Path

    def material(self) -> Material:
        """What the ledger holds now."""
        return read_material(self.session.places, self.client, self.change, self.session.now())

    def newest(self) -> int:
        """The number of the newest statement; 0 when there is none."""
        return newest(self.material())

    def play(
        self,
        playbook: Playbook,
        *,
        phase: Phase | None = None,
        time_limit: int | None = None,
        passphrase: str | None = None,
    ) -> RunReport:
        """Run one playbook to its end, and show its progress meanwhile.

        Args:
            playbook: which one.
            phase: for playbooks that have phases.
            time_limit: minutes after which the run is stopped, or ``None``.
            passphrase: of the operator's key, when it needs one.

        Raises:
            InputError: a client or playbook that is not in the project.
        """
        session = self.session
        request = Request(
            places=session.places,
            client=self.client,
            change=self.change,
            playbook=playbook,
            extra_vars={"change": self.change} | ({"phase": phase} if phase else {}),
            time_limit=None if time_limit is None else time_limit * 60,
            passphrase=passphrase,
        )
        with session.telling() as progress:
            return run(request, self.lock, session.environ, progress, session.now())
