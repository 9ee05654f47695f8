"""Soak from the command line."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from soak.readings import Reading, judged, table
from soak.work import leaking, studies


def main() -> int:
    """Work for the time asked, print the table and the verdict, and return 1 where memory or files grow."""
    parser = argparse.ArgumentParser(prog="python -m soak", description="Repeat studies and watch memory and files.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--warm", type=float, default=10.0, help="minutes before memory has to be flat")
    parser.add_argument("--seed", type=int, default=0, help="of the first cycle; the next has the next")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--leak", type=int, default=0, help="bytes that each cycle keeps on purpose, with an open file")
    asked = parser.parse_args()
    readings: list[Reading] = []
    with tempfile.TemporaryDirectory(prefix="spinfunnel-soak-") as folder:
        cycle = studies(Path(folder), workers=asked.workers)
        if asked.leak:
            cycle = leaking(cycle, size=asked.leak)
        begun = Reading.now(0)
        readings.append(begun)
        while readings[-1].seconds - begun.seconds < 60.0 * asked.minutes:
            cycle(asked.seed + len(readings) - 1)
            readings.append(Reading.now(len(readings)))
            if len(readings) % 20 == 0:
                print(f"{len(readings) - 1} cycles, {readings[-1]}", file=sys.stderr, flush=True)
    print(table(readings, minutes=asked.minutes))
    try:
        verdict = judged(readings, warm=60.0 * asked.warm)
    except ValueError as error:
        print(f"no verdict: {error}")
        return 2
    print(verdict)
    return int(not verdict.flat)


if __name__ == "__main__":
    sys.exit(main())
