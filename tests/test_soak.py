"""The soak finds what grows: memory, files, threads; and a cycle of real studies runs."""

import threading
from pathlib import Path

import pytest
from soak.readings import Reading, judged, table
from soak.work import leaking, studies


def readings(cycle, count=30):
    found = [Reading.now(0)]
    for seed in range(count):
        cycle(seed)
        found.append(Reading.now(seed + 1))
    return found


def test_a_cycle_that_keeps_nothing_is_flat():
    assert judged(readings(lambda _: None), warm=0.0).flat


def test_a_leak_of_memory_and_files_is_found():
    verdict = judged(readings(leaking(lambda _: None, size=1_000_000)), warm=0.0)
    assert not verdict.flat
    assert verdict.files > 15
    assert str(verdict).startswith("GROWING")


def test_memory_alone_and_threads_alone_are_found():
    def made(cycle, memory, threads):
        return Reading(cycle, 60.0 * cycle, memory, 5, threads)

    assert judged([made(k, 500_000_000 + 200_000 * k, 1) for k in range(70)], warm=600.0).growth > 0.02
    assert judged([made(k, 500_000_000 + 100_000 * k, 1) for k in range(70)], warm=600.0).flat
    assert not judged([made(k, 500_000_000, 1 + k // 30) for k in range(70)], warm=600.0).flat


def test_what_happens_while_warming_up_does_not_count():
    rows = [Reading(k, 60.0 * k, 10_000_000 * min(k, 10), 5, 1) for k in range(1, 70)]
    assert judged(rows, warm=660.0).flat
    with pytest.raises(ValueError, match="too few"):
        judged(rows[:15], warm=600.0)
    assert table(rows, minutes=69.0).count("\n") >= 12


@pytest.mark.slow
def test_a_cycle_of_studies_leaves_no_file_and_no_thread_behind(tmp_path: Path):
    cycle = studies(tmp_path, workers=1)
    cycle(0)
    before = Reading.now(0)
    cycle(1)
    after = Reading.now(1)
    assert list(tmp_path.iterdir()) == []
    assert (after.files, after.threads) == (before.files, before.threads)
    assert threading.active_count() >= 1
