"""Change the modules that decide, one small change at a time, and see whether a test fails.

``make mutants`` runs this. It prints the score of each area, and each change that no test noticed;
docs/mutants.md lists those that are left, with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from .areas import AREAS
from .survivors import Result, Survivor, listed, read
from .workplace import ROOT, prepare

PAGE = ROOT / "docs" / "mutants.md"
#: percent of the mutants that must be noticed
AIM = 90.0


def main() -> int:
    """Mutate the area that ``ONLY`` names, or all of them."""
    chosen = os.environ.get("ONLY", "")
    if chosen and chosen not in AREAS:
        print(f"There is no area {chosen}. Choose one of: {', '.join(AREAS)}.", file=sys.stderr)
        return 64
    reasons = listed(PAGE)
    results = {}
    for name in [chosen] if chosen else AREAS:
        began = time.monotonic()
        place = prepare(name, AREAS[name])
        if not _mutate(place):
            return 1
        result = results[name] = read(place)
        _say(name, result, reasons, time.monotonic() - began)
    total = sum(one.total for one in results.values())
    killed = sum(one.killed for one in results.values())
    score = 100 * killed / total if total else 0.0
    print(f"\nScore: {score:.1f} % ({killed} of {total} changes were noticed; aim: {AIM:.0f} %)")
    if any(one.undecided for one in results.values()):
        print("Not every change was tried; run it again to go on.")
        return 1
    return 0 if score >= AIM else 1


def _mutate(place: Path) -> bool:
    """Run mutmut in a workplace; what it says goes to a file there."""
    log = place / "mutmut.log"
    workers = os.environ.get("WORKERS") or str(os.cpu_count() or 1)
    program = str(Path(sys.executable).with_name("mutmut"))
    command = [program, "run", "--max-children", workers]
    environment = {**os.environ, "SLUIS_HYPOTHESIS": "mutants"}
    with log.open("w") as out:
        done = subprocess.run(command, cwd=place, env=environment, stdout=out, stderr=out)
    if done.returncode:
        told = log.read_text().replace("\r", "\n").splitlines()
        print("\n".join(told[-40:]))
        print(f"mutmut stopped with status {done.returncode}; all it said is in {log}.")
    return done.returncode == 0


def _say(name: str, result: Result, reasons: dict[Survivor, str], seconds: float) -> None:
    score = 100 * result.killed / result.total if result.total else 0.0
    known = [one for one in result.survivors if one in reasons]
    print(
        f"{name}: {score:.1f} % ({result.killed} of {result.total},"
        f" {result.endless} of them because the tests did not end), {len(result.survivors)} left,"
        f" {len(known)} of them with a reason in {PAGE.relative_to(ROOT)}; {seconds:.0f} s"
    )
    for one in result.survivors:
        if one not in reasons:
            print(f"\n  {one.function}\n" + "\n".join(f"    {x}" for x in one.change.splitlines()))


if __name__ == "__main__":
    sys.exit(main())
