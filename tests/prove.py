"""The proofs that take longest: ``python -m tests.prove [WAY…] [--only WHAT]``; ``make prove`` runs them all.

On each way of building: does every lesson hold what it promises (``lesson check --all``), is the grader
right about every answer and mutant (``grade --prove``; the two builders of Docker give it the same
evidence, so it takes one), and does every demo end as it should (``demo --rehearse``)? Each has a home of
its own, and the engine is left as it was. Answers compile on a base whose cache is warm
(:mod:`tests.engines.warm_base`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
WAYS = ("embedded", "docker-buildx", "docker-classic")
PROOFS = {
    "lessons": ("lesson", "check", "--all"),
    "grader": ("grade", "--prove", "--quiet"),
    "demos": ("demo", "--rehearse"),
}
GRADER_WAYS = ("embedded", "docker-buildx")


def _call(name: str, home: Path, program: str, words: Sequence[str]) -> bool:
    """Run one program, its lines under a name; whether it ended with 0."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", program, *words],
        env=os.environ | {"FROMSCRATCH_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(f"{name}: {line.rstrip()}", flush=True)
    code = process.wait()
    print(f"{name}: exit code {code}, {time.monotonic() - began:.0f} s", flush=True)
    return code == 0


def prove(way: str, proofs: Sequence[str]) -> dict[str, bool]:
    """All proofs on one way; whether each held."""
    engine, _, builder = way.partition("-")
    chosen = ["--engine", engine, "--builder", builder or "auto"]
    with tempfile.TemporaryDirectory(prefix="fromscratch-prove-") as folder:
        home = Path(folder)
        try:
            if not _call(
                f"{way} base", home, "tests.engines.warm_base", [engine, builder] if builder else [engine]
            ):
                return {f"{way} {proof}": False for proof in proofs}
            return {
                f"{way} {proof}": _call(f"{way} {proof}", home, "tutor", [*PROOFS[proof], *chosen])
                for proof in proofs
                if proof != "grader" or way in GRADER_WAYS
            }
        finally:
            _call(f"{way} clean", home, "tutor", ["clean", "--engine", engine])


def main() -> int:
    """Exit code 1 when a proof did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove")
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"any of: {', '.join(WAYS)}")
    parser.add_argument("--only", action="append", choices=PROOFS, help="this proof; again for another")
    options = parser.parse_args()
    ways = options.ways or list(WAYS)
    if unknown := set(ways) - set(WAYS):
        parser.error(f"no such way: {', '.join(sorted(unknown))}")
    proofs = options.only or list(PROOFS)
    # One Docker engine builds one thing at a time; the embedded one has its own store.
    lanes = [[way for way in ways if way.startswith(kind)] for kind in ("embedded", "docker")]
    with ThreadPoolExecutor(len(lanes)) as pool:
        held = [
            result
            for lane in pool.map(lambda lane: [prove(way, proofs) for way in lane], lanes)
            for result in lane
        ]
    rows = {name: good for result in held for name, good in result.items()}
    print("\n" + "\n".join(f"{'✓' if good else '✗'} {name}" for name, good in rows.items()))
    return 0 if all(rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
