"""What is mutated, and which tests must notice."""

from __future__ import annotations

from typing import NamedTuple


class Area(NamedTuple):
    """Modules that decide something, and the tests of those decisions.

    Args:
        modules: path patterns below ``python_helpers/sluis``.
        tests: paths below ``tests``; only tests that run in this process can notice anything.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "gate": Area(("gate/*.py", "evidence/copies.py"), ("unit/gate",)),
    "signoff": Area(("signoff/*.py",), ("unit/signoff", "unit/runbooks/test_data_before.py")),
    "evidence": Area(
        ("evidence/chain.py", "evidence/ledger.py", "evidence/verify.py"),
        ("unit/evidence", "integration/evidence/test_verify.py"),
    ),
    "judge": Area(
        ("snapshot/judge.py", "snapshot/judge_v6.py"),
        ("unit/snapshot/test_judge.py", "unit/snapshot/test_judged_statement.py"),
    ),
    "transfer": Area(
        (
            "tenant/wanted.py", "tenant/classify.py", "tenant/import_decisions.py",
            "tenant/reconcile.py", "tenant/reconciliation.py",
        ),
        (
            "unit/tenant/test_classify.py", "unit/tenant/test_import_decisions.py",
            "unit/tenant/test_decided_rows.py", "unit/tenant/test_reconcile_rules.py",
            "unit/tenant/test_reconciliation.py", "unit/tenant/test_reconcile_pairs.py",
            "integration/tenant/test_wanted.py",
            "integration/tenant_import/test_reconcile_lines.py",
        ),
    ),
}  # fmt: skip

#: a line that holds only a sentence: its words are for people, and no test repeats them
PROSE = r'^\s*f?"[^"]* [^"]*"[,)]*$'
