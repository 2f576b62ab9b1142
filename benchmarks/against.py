"""The present tree against a commit, in one job: ``python -m benchmarks --against REV``.

The commit is checked out beside this tree, and both draw W1 in turns, each in processes of its own, so that what else
the machine does falls on both alike. Processor time decides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["compare_with", "probe", "ratios_of"]

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
PROBE = """
import json, sys, time
sys.path.insert(0, "benchmarks")
from w1 import draw, parameters, w1_law
law = w1_law(parameters())
best = {}
for threads in (1, 2):
    draw(law, scenario="w1", seed=1, paths=4096, threads=threads)
    for _ in range(3):
        clock, processor = time.perf_counter(), time.process_time()
        draw(law, scenario="w1", seed=1, paths=int(sys.argv[1]), threads=threads)
        taken = time.process_time() - processor, time.perf_counter() - clock
        best[threads] = min(best.get(threads, taken), taken)
print(json.dumps(best))
"""


def probe(tree: Path, paths: int) -> dict[str, list[float]]:
    """Processor time and clock of W1 on one and two threads, in a new process of a tree."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    words = [sys.executable, "-c", PROBE, str(paths)]
    done = subprocess.run(words, cwd=tree, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def compare_with(revision: str, paths: int) -> dict[str, float]:
    """Print and return this tree's processor time over the commit's, by number of threads."""
    with TemporaryDirectory() as folder:
        other = Path(folder) / "other"
        subprocess.run(["git", "worktree", "add", "--detach", str(other), revision], cwd=ROOT, check=True)
        try:
            rounds = [(probe(ROOT, paths), probe(other, paths)) for _ in range(ROUNDS)]
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(other)], cwd=ROOT, check=True)
    ratios = ratios_of(rounds)
    for threads, (ours, theirs, ratio) in ratios.items():
        print(f"W1, {threads} threads: {ours:.3f} s here, {theirs:.3f} s at {revision}, ratio {ratio:.3f}")
    return {threads: ratio for threads, (_, _, ratio) in ratios.items()}


def ratios_of(
    rounds: Sequence[tuple[dict[str, list[float]], dict[str, list[float]]]],
) -> dict[str, tuple[float, float, float]]:
    """Least processor time here and there over all rounds, and their ratio, by number of threads."""
    found = {}
    for threads in rounds[0][0]:
        ours, theirs = (min(round_[side][threads][0] for round_ in rounds) for side in (0, 1))
        found[threads] = (ours, theirs, ours / theirs)
    return found
