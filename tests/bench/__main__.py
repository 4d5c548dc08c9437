"""Print every figure from one run: ``python -m tests.bench [NAME…] [--json FILE]``.

One module for each subject, named below, with ``measure() -> list[Figure]``. Ratios are taken from
runs that take turns on the machine at hand, so that what else it does weighs on both sides alike.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.bench.figure import Figure

SUBJECTS = ("startup", "idle", "log_flood", "checkpoint", "opening", "demo", "classroom")
"""In the order they run. A new subject is a module of this name beside this file."""


def run(names: list[str]) -> list[Figure]:
    """Measure, printing each figure as it comes."""
    figures: list[Figure] = []
    for name in names:
        subject = importlib.import_module(f"tests.bench.{name}")
        began = time.monotonic()
        print(f"\n{name}: {(subject.__doc__ or '').splitlines()[0]}", flush=True)
        for figure in subject.measure():
            figures.append(figure)
            print(figure, flush=True)
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return figures


def main() -> int:
    """Exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(SUBJECTS)}")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    unknown = set(options.names) - set(SUBJECTS)
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    figures = run(options.names or list(SUBJECTS))
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    missed = [figure for figure in figures if figure.held is False]
    print(f"\n{len(figures)} figures, {len(missed)} bars missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
