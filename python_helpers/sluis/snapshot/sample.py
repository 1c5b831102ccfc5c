"""A sample instead of the whole: an explicit choice that says what it can miss.

A sample is never a proof. Levels that rest on one are "not verified", with the chance
that damage stayed unseen.
"""

from __future__ import annotations

import math
import random
from typing import List, Sequence


def chance_to_miss(total: int, looked_at: int, damaged: int) -> float:
    """Chance that a random sample holds none of the damaged files (0 to 1).

    Args:
        total: files there are.
        looked_at: files in the sample, drawn without putting back.
        damaged: files that are damaged.
    """
    if looked_at >= total or damaged <= 0:
        return 0.0 if damaged > 0 else 1.0
    if looked_at + damaged > total:
        return 0.0
    # hypergeometric: C(total - damaged, looked_at) / C(total, looked_at)
    logs = (
        math.lgamma(total - damaged + 1)
        - math.lgamma(total - damaged - looked_at + 1)
        - math.lgamma(total + 1)
        + math.lgamma(total - looked_at + 1)
    )
    return math.exp(logs)


def needed_for(damaged_share: float, certainty: float) -> int:
    """Files to look at, out of very many, to find damage with a certainty.

    Args:
        damaged_share: part of the files that is damaged, such as 0.01.
        certainty: such as 0.99. (459 files for 1 %, 4,603 for 0.1 %.)
    """
    return math.ceil(math.log(1 - certainty) / math.log(1 - damaged_share))


def choose(paths: Sequence[str], count: int, seed: str) -> List[str]:
    """Draw ``count`` paths. The seed is the nonce's hash: nobody could know it beforehand."""
    ordered = sorted(paths)
    if count >= len(ordered):
        return ordered
    return sorted(random.Random(seed).sample(ordered, count))  # noqa: S311  not a secret


def sample_words(total: int, looked_at: int) -> str:
    """What the sample can miss, in one sentence."""
    one, tenth = (max(1, round(total * share)) for share in (0.01, 0.001))
    return (
        f"a sample of {looked_at:,} of {total:,} files: it misses damage to 1 % of them with a "
        f"chance of {chance_to_miss(total, looked_at, one):.1%}, and to 0.1 % with "
        f"{chance_to_miss(total, looked_at, tenth):.1%} (99 % certainty takes "
        f"{needed_for(0.01, 0.99):,} and {needed_for(0.001, 0.99):,} files)"
    )
