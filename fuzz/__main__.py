"""Run the fuzzer from the command line."""

from __future__ import annotations

import argparse
import sys

from fuzz.guarded import fuzzed_guarded


def main() -> int:
    """Fuzz, print the counts, and return 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=0, help="how many; by time when not given")
    parser.add_argument("--seconds", type=float, default=3600.0, help="for how long, where --inputs is not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", help="one reader; all when not given")
    asked = parser.parse_args()
    counts = fuzzed_guarded(
        inputs=asked.inputs, seconds=asked.seconds, seed=asked.seed, targets=asked.target, keep=True
    )
    print(f"{'target':<18}{'inputs':>9}{'read':>9}{'refused':>9}{'contained':>11}{'findings':>10}{'slowest':>10}")
    for name, count in counts.items():
        print(
            f"{name:<18}{count.inputs:>9}{count.read:>9}{count.refused:>9}{count.contained:>11}"
            f"{len(count.findings):>10}{count.slowest:>8.2f} s"
        )
    print(f"{sum(count.inputs for count in counts.values())} inputs")
    for name, count in counts.items():
        for finding in count.findings:
            print(f"{name}: {finding}")
    return int(any(count.findings for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
