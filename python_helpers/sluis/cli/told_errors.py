"""What went wrong in a run, for the end of the screen: each thing once, with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sluis.cli.plainly import plainly
from sluis.dossier.outcome import Outcome

#: words of Ansible's own, or of a module that is none of ours
OF_A_TASK = "task-failed"
#: errors of which only the log has more
_IN_THE_LOG = frozenset({OF_A_TASK, "ansible-failed"})


def told_errors(errors: Iterable[Mapping[str, str]]) -> list[str]:
    """One sentence for each error: what, what to do, and its code; where in front.

    Args:
        errors: those of a run report. One that several hosts have is told once for all of them.
    """
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for error in errors:
        where = hosts.setdefault((error["what"], error["remedy"], error["code"]), [])
        if error["host"] and not error["what"].startswith(error["host"]):
            where.append(error["host"])
    return [
        plainly(
            f"{', '.join(where)}: {what} {remedy} [{code}]" if where
            else f"{what} {remedy} [{code}]",
            limit=8000,
        )
        for (what, remedy, code), where in hosts.items()
    ]  # fmt: skip


def said_why(errors: Iterable[Mapping[str, str]]) -> bool:
    """Whether some error says by itself what stopped a run, so that nobody needs its log.

    Args:
        errors: those of a run report.
    """
    return any(error["code"] not in _IN_THE_LOG for error in errors)


def not_in_the_outcome(
    errors: Sequence[Mapping[str, str]], found: Outcome
) -> list[Mapping[str, str]]:
    """The errors of which the outcome does not say the same already."""
    said = [words for words in _said(found) if words]
    return [
        error
        for error in errors
        # where the outcome itself says how it ended, Ansible's words for it add nothing
        if (found.state == "failed" or error["code"] != OF_A_TASK)
        and not any(words in error["what"] or _of_task(error) in words for words in said)
    ]


def _said(found: Outcome) -> Iterator[str]:
    yield from (reason.sentence for reason in found.unproven)
    yield from (line.detail for line in found.steps)
    yield from (line.detail for line in found.checks)
    if found.state == "refused" and found.refusals:
        yield from (reason.sentence for reason in found.refusals[-1].reasons)


def _of_task(error: Mapping[str, str]) -> str:
    """What a task said, without the task's name in front of it."""
    what = error["what"].rstrip(".")
    return what.partition(": ")[2] or what if error["code"] == OF_A_TASK else what
