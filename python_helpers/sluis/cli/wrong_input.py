"""A run that was stopped by what was written, before it did anything: the input is wrong (64)."""

from __future__ import annotations

from sluis.cli.runner import RunReport
from sluis.cli.told_errors import told_errors
from sluis.errors import InputError


class WrongInputError(InputError):
    """What was written stopped a run, which said all else that would have stopped it as well."""


def wrong_input(report: RunReport) -> WrongInputError | None:
    """The error that a run ended with when what was written stopped it; else ``None``.

    ``sluis check`` says the same of the same files, with the same exit status.

    Args:
        report: of a run after which the ledger holds what it held before.
    """
    if report.ended != "with a failure" or not report.wrong_input or not report.errors:
        return None
    first, *others = report.errors
    if not others:
        return WrongInputError(first["code"], first["what"], first["remedy"])
    lines = told_errors(report.errors)
    if len(lines) == 1:  # of several hosts the same
        return WrongInputError(first["code"], first["what"], first["remedy"])
    what = "\n".join([f"{len(lines)} things would stop the change.", *lines])
    codes = {one["code"] for one in report.errors}
    code = first["code"] if len(codes) == 1 else "not-ready"
    return WrongInputError(code, what, "Put each of them right. Nothing was done.")
