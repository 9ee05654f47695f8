"""Digests of the maps of all jobs, to be compared between machines: ``python -m faults.digests --workers 2``.

Threads of BLAS and the processor that kernels are compiled for are set by the environment: ``OPENBLAS_NUM_THREADS``,
``OMP_NUM_THREADS``, ``NUMBA_CPU_NAME``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import chdir
from pathlib import Path

from faults.jobs import contents, jobs
from faults.kills import SEED

__all__ = ["digests"]


def digests(*, workers: int, only: list[str] | None = None) -> dict[str, str]:
    """Explore every job and return what `contents` makes of its atlas, by name."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="spinfunnel-digests-") as folder, chdir(folder):
        # Names of files are part of a job: they must not depend on the folder.
        for number, job in enumerate(jobs(Path(), threads=None)):
            if only and job.explorer.partition(":")[0] not in only:
                continue
            file = Path(f"{number}.db")
            job.run(file, seed=SEED, workers=workers)
            found[job.name] = contents(file)
    return found


def main() -> None:
    """Print them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m faults.digests", description="Print digests of maps.")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", action="append", help="an explorer; all when not given")
    asked = parser.parse_args()
    print(json.dumps(digests(workers=asked.workers, only=asked.only), indent=2))


if __name__ == "__main__":
    main()
