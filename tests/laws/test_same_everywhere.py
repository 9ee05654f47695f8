"""Maps are equal to the last bit on any number of workers and threads of BLAS, and for other processors."""

import json
import subprocess
import sys

import pytest

from repository import ROOT, environment


def digests(*arguments: str, **variables: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "faults.digests", *arguments],
        cwd=ROOT,
        env={**environment(), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def alone() -> dict[str, str]:
    """Maps of every explorer by one worker and one thread."""
    return digests()


@pytest.mark.slow
def test_two_workers_map_what_one_maps(alone: dict[str, str]) -> None:
    assert len(alone) >= 15
    assert digests("--workers", "2") == alone


@pytest.mark.slow
def test_four_threads_of_blas_map_what_one_maps(alone: dict[str, str]) -> None:
    assert digests(OMP_NUM_THREADS="4", OPENBLAS_NUM_THREADS="4") == alone


@pytest.mark.slow
@pytest.mark.parametrize("processor", ["generic", "nehalem", "haswell"])
def test_kernels_for_other_processors_map_the_same(alone: dict[str, str], processor: str) -> None:
    """Vectors of 2, 2 and 4 doubles; every kernel is compiled anew, so that two explorers stand for all."""
    few = digests("--only", "exchange", "--only", "annealing", NUMBA_CPU_NAME=processor)
    assert few == {name: alone[name] for name in few}
