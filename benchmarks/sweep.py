"""How much faster two workers sweep than one.

The same sweep by one worker (the calling process) and by several processes, repeatedly and in turn; what is compared
is the median of whole wall times, the start of the processes included. The answers are compared to the last digit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from typing import Any

from spinfunnel.sweeps import Sweep, sweep


def plain(found: Sweep) -> str:
    """All but times."""
    answer = found.to_json()
    del answer["run"]["seconds"]
    return json.dumps(answer)


def timed(options: argparse.Namespace, *, workers: int) -> tuple[float, Sweep]:
    """Seconds of a sweep, and what came of it."""
    key, _, values = options.over.partition("=")
    found = sweep(
        options.system,
        over={key: values.split(",")},
        samples=options.samples,
        seed=1,
        workers=workers,
        measures=options.measures.split(","),
    )
    return found.seconds, found


def main() -> None:
    """Print one line a number of workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="sk")
    parser.add_argument("--over", default="n=18", help="one size, or several")
    parser.add_argument("--measures", default="minima,funnel_weight,levinthal", help="as of sweep")
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    times: dict[int, list[float]] = {workers: [] for workers in options.workers}
    answers: set[str] = set()
    jobs = 0
    for _ in range(options.repeats):
        for workers in options.workers:
            seconds, found = timed(options, workers=workers)
            times[workers].append(seconds)
            answers.add(plain(found))
            jobs = len(found.jobs)
    if len(answers) > 1:
        raise SystemExit("the answers differ")
    alone = statistics.median(times[options.workers[0]])
    for workers, each in times.items():
        seconds = statistics.median(each)
        row: dict[str, Any] = {
            "system": options.system,
            "over": options.over,
            "jobs": jobs,
            "workers": workers,
            "seconds": seconds,
            "seconds_a_job": seconds * workers / jobs,
            "times_faster": alone / seconds,
            "load": os.getloadavg()[0],
        }
        print(
            json.dumps(row)
            if options.json
            else f"{options.system} over {options.over}: {jobs} jobs, {workers} workers, {seconds:.2f} s, "
            f"{row['seconds_a_job']:.2f} worker seconds a job, {row['times_faster']:.2f} times as fast "
            f"(load {row['load']:.1f})",
            flush=True,
        )


if __name__ == "__main__":  # worker processes import this file anew
    main()
