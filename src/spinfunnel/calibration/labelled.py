"""Samples of labelled landscapes with their measures: made on a pool of processes, kept in a table.

The table has a row a landscape and a column a measure. A cell holds a value, ``value:low:high`` where it has an
interval, the name of the outcome where there is none, and nothing where it was not measured.
"""

from __future__ import annotations

import csv
import multiprocessing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinfunnel.calibration.families import FAMILIES, SCANS
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Binary, InputError, Progress, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import measure_all

__all__ = [
    "COMPARABLE",
    "READ",
    "Sample",
    "Task",
    "collect",
    "from_row",
    "measure_one",
    "read_samples",
    "to_row",
    "write_samples",
]

DECIDING = (
    "blind_search", "minima", "satisfied", "order_1", "largest_block", "native_gap", "native_z", "search_ruler",
    "either_ruler", "rival_valley_depth", "rival_share", "deep_valleys", "native_overlap", "ground_states",
    "stuck_share", "trap_height",
)  # fmt: skip
"""Measures that the verdict on exact maps of bits reads."""
COMPARABLE = (
    "order_1", "mean_order", "native_gap", "native_z", "search_ruler", "either_ruler", "rival_valley_depth",
    "rival_share", "deep_valleys", "native_overlap", "stuck_share", "trap_height", "levinthal", "funnel_weight",
    "relative_depth", "fitness_distance", "tf_tg", "native_depth", "funnel_slope", "decoy_gap",
)  # fmt: skip
"""Measures that compare across systems, of which it is listed how well they tell the kinds apart."""
SOLVED_BITS = 16
"""Free bits up to which passage times are solved for: walks are as good to .005, and ten times as fast above."""
TAKEN = tuple(dict.fromkeys((*DECIDING, *COMPARABLE)))


@dataclass(frozen=True, slots=True)
class Task:
    """One landscape: family, nominal number of bits, and number of the sample."""

    family: str
    n: int
    seed: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One landscape, measured.

    Attributes
    ----------
    task : Task
    bits : int
        Its true number of bits.
    measures : mapping of str to Estimate or NoAnswer
    nulls : mapping of str to mapping
        Empty: rulers make nulls of their own.
    """

    task: Task
    bits: int
    measures: Mapping[str, Measurement]
    nulls: Mapping[str, Mapping[str, Measurement]]


def measure_one(task: Task) -> Sample:
    """Build, flood and measure one landscape.

    Examples
    --------
    >>> sample = measure_one(Task("golf", 12, 1))
    >>> sample.bits, sample.measures["minima"].value, sample.measures["native_gap"].value > 0.9
    (12, 1.0, True)
    """
    family = FAMILIES.get(task.family)
    build = SCANS[task.family] if family is None else family.build
    landscape: Binary = build(task.n, task.seed)
    measures = measure_all(flood(landscape), names=TAKEN, landscape=landscape, seed=task.seed, solved_bits=SOLVED_BITS)
    return Sample(task, landscape.size, measures, {})


def collect(
    tasks: Sequence[Task], *, workers: int = 1, keep: Path | None = None, progress: Progress = no_progress
) -> list[Sample]:
    """Measure many landscapes on a pool of processes; the answer is in the order of the tasks.

    Parameters
    ----------
    tasks : sequence of Task
    workers : int
        Processes; one is the calling process itself. No number depends on it.
    keep : Path, optional
        A table to which each sample is written as soon as it is there, and whose samples are not made again.
    progress : callable
    """
    done = {sample.task: sample for sample in read_samples(keep)} if keep is not None and keep.exists() else {}
    if keep is not None:
        write_samples(keep, done.values())
    missing = [task for task in tasks if task not in done]
    for number, sample in enumerate(_measured(missing, workers=workers)):
        done[sample.task] = sample
        progress(f"{sample.task.family}, {sample.task.n} bits", (number + 1) / len(missing))
        if keep is not None:
            _append(keep, sample)
    return [done[task] for task in tasks]


def _measured(tasks: Sequence[Task], *, workers: int) -> Iterator[Sample]:
    if workers == 1:
        yield from map(measure_one, tasks)
        return
    # The largest first, so that no process is left with one of them at the end. Fork would copy running threads.
    order = sorted(tasks, key=lambda task: -task.n)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(measure_one, task) for task in order]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


# ---------------------------------------------------------------------------------------------
# The table

COLUMNS = ("family", "n", "bits", "seed", *TAKEN)
READ = ("family", "n", "bits", "seed", *DECIDING)
"""Columns that the verdict reads."""


def to_row(sample: Sample) -> dict[str, str]:
    """Row of a sample, a text for each of `COLUMNS`."""
    row = {
        "family": sample.task.family,
        "n": str(sample.task.n),
        "bits": str(sample.bits),
        "seed": str(sample.task.seed),
    }
    row |= {name: _cell(answer) for name, answer in sample.measures.items()}
    return {column: row.get(column, "") for column in COLUMNS}


def from_row(row: Mapping[str, str]) -> Sample:
    """Sample of a row; what there is to say about an outcome beyond its name is not kept.

    Examples
    --------
    >>> sample = measure_one(Task("golf", 12, 1))
    >>> again = from_row(to_row(sample))
    >>> again.task == sample.task, again.measures["native_overlap"].value
    (True, 1.0)
    """
    task = Task(row["family"], int(row["n"]), int(row["seed"]))
    measures = {name: _read(row[name]) for name in TAKEN if row.get(name)}
    return Sample(task, int(row["bits"]), measures, {})


def write_samples(path: Path, samples: Iterable[Sample], *, columns: Sequence[str] = COLUMNS) -> None:
    """Write a table of samples, with all columns or fewer: those of `READ` suffice for the verdict."""
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(to_row(sample) for sample in samples)


def read_samples(path: Path) -> list[Sample]:
    """Read a table of samples.

    Raises
    ------
    InputError
        Where it is not one.
    """
    text = path.read_text(encoding="utf-8")
    # A process that was killed while it wrote leaves half a line.
    table = csv.DictReader(text[: text.rfind("\n") + 1].splitlines())
    if "family" not in (table.fieldnames or ()):
        raise InputError(f"{path} is no table of calibration samples; its first line should name the columns")
    return [from_row(row) for row in table]


def _append(path: Path, sample: Sample) -> None:
    with path.open("a", newline="", encoding="utf-8") as out:
        csv.DictWriter(out, COLUMNS, lineterminator="\n").writerow(to_row(sample))


def _cell(answer: Measurement) -> str:
    if isinstance(answer, NoAnswer):
        return answer.outcome
    if answer.exact:
        return f"{answer.value:.4g}"
    return ":".join(f"{number:.4g}" for number in (answer.value, answer.low, answer.high))


def _read(cell: str) -> Measurement:
    parts: list[Any] = cell.split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        words = cell.replace("_", " ")
        return NoAnswer(cell, f"{words} (from a table)", "measure the landscape itself")
    return Estimate.exactly(numbers[0]) if len(numbers) == 1 else Estimate(*numbers)
