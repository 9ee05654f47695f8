"""Faults from the command line."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from faults.jobs import jobs
from faults.kills import kills, lines
from faults.scenarios import SCENARIOS


def main() -> int:
    """Inject the faults asked for, print what came of them, and return 1 where anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m faults", description="Kill runs, fill disks, restart databases.")
    parser.add_argument("--kills", type=int, default=100, help="kills at random moments, over all explorers")
    parser.add_argument("--rounds", type=int, default=5, help="of every other fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", help="an explorer; all when not given")
    parser.add_argument("--skip", action="append", default=[], choices=[*SCENARIOS], help="a fault to leave out")
    asked = parser.parse_args()
    lost = 0
    with tempfile.TemporaryDirectory(prefix="spinfunnel-faults-") as name:
        folder = Path(name)
        known = [job for job in jobs(folder) if not asked.only or job.explorer.partition(":")[0] in asked.only]
        if asked.kills:
            begun = time.monotonic()
            tallies = kills(known, folder, count=asked.kills, seed=asked.seed, told=_told)
            print("\n".join(lines(tallies)))
            equal = sum(tally.equal for tally in tallies.values())
            print(f"{equal} of {asked.kills} equal an uninterrupted run, in {time.monotonic() - begun:.0f} s")
            lost += asked.kills - equal
        for fault, inject in SCENARIOS.items():
            if fault in asked.skip or not asked.rounds:
                continue
            begun = time.monotonic()
            said = inject(known, folder, asked.rounds, asked.seed)
            print(f"{fault}: {said.sentence}, in {time.monotonic() - begun:.0f} s")
            print("".join(f"  {failure}\n" for failure in said.failures), end="", flush=True)
            lost += len(said.failures)
    return int(lost > 0)


def _told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
