"""A map from what another solver found: descents from its samples, beside those from random states.

Where `mapping` tempers, here is a file of samples of any solver: a dimod SampleSet as JSON, as D-Wave's samplers and
OpenJij return it, or rows of bits or spins. Basin weights, exits, joins and shells around the lowest states are found
as in `mapping`; nothing is known at temperatures above 0. Up to eight equal parts of the samples, taken in turn, count
as independent searches: where two of them reach the lowest energy it counts as found.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.tempering import Survey
from spinfunnel.formats.sample_sets import read_sample_rows
from spinfunnel.landscape import (
    Binary,
    Budget,
    Effort,
    InputError,
    Landscape,
    Progress,
    Record,
    Tally,
    is_binary,
    no_progress,
)

__all__ = ["bits_of", "explore", "read_samples"]

Bits = NDArray[np.uint8]

GROUPS = 8


def explore(
    landscape: Landscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    file: str = "",
    quenches: int = 0,
    pocket: int = 0,
    floods: int = 0,
) -> Iterator[list[Record]]:
    """Map a binary landscape from samples in a file, an `Effort` last.

    Parameters
    ----------
    landscape : Binary
        A polynomial in spins of any size, or any other of at most 24 bits.
    seed, workers, progress, budget
        As every explorer.
    file : str
        Of the samples (see `read_samples`).
    quenches, pocket, floods : int
        As of `mapping.explore`.

    Raises
    ------
    InputError
        For a landscape of another kind, or a file that is no set of samples of it.
    """
    if not is_binary(landscape):
        raise InputError(f"samples are of spins, and {landscape.name} has none; it takes binary landscapes")
    if not file:
        raise InputError("samples of which file? Give --samples FILE, or --explorer samples:file=FILE")
    starts = read_samples(Path(file), landscape)
    survey = Survey.of(
        landscape, budget=budget, seed=seed, groups=GROUPS, workers=workers, progress=progress, pocket=pocket
    )
    yield []
    survey.quench(quenches, starts)
    yield from survey.mapped(floods)
    yield from survey.counts(starts)
    yield list(_searches(landscape, starts))
    yield [Effort(survey.evaluations, "out of budget" if survey.clock.cut else "finished")]


def _searches(landscape: Binary, starts: Bits) -> Iterator[Tally]:
    """Lowest energy of each independent part of the samples, at temperature 0."""
    for number in range(min(GROUPS, len(starts))):
        lowest = (float(landscape.energy(starts[number::GROUPS]).min()),)
        yield Tally("energy", 0.0, lowest, (1.0,), lowest, (0.0,), lowest, replica=number)


def read_samples(file: Path, landscape: Binary) -> Bits:
    r"""Samples in a file, as states of a landscape: shape (B, N), repeated as often as they occurred.

    Parameters
    ----------
    file : Path
        Any that `formats.sample_sets.read_sample_rows` reads.
    landscape : Binary

    Raises
    ------
    InputError
        For a file that cannot be read, or samples of other variables.

    Examples
    --------
    >>> import tempfile
    >>> from spinfunnel.systems import hopfield_memory
    >>> rows = Path(tempfile.mkdtemp(), "rows.txt")
    >>> _ = rows.write_text("1 -1 1 1\n-1 -1 1 1\n")
    >>> read_samples(rows, hopfield_memory(4, patterns=1, seed=1)).tolist()
    [[1, 0, 1, 1], [0, 0, 1, 1]]
    """
    found = read_sample_rows(file)
    if found.variables is not None:
        return bits_of(found.values, found.times, found.variables, landscape)
    if found.values.shape[1] != landscape.size:
        raise InputError(
            f"the samples in {file} are of {found.values.shape[1]} variables, {landscape.name} has {landscape.size}: "
            "give samples of this model"
        )
    return np.asarray(found.values > 0).astype(np.uint8)


def bits_of(sample: NDArray[Any], times: NDArray[Any], variables: Sequence[Hashable], landscape: Binary) -> Bits:
    """Samples with named columns as states of a landscape, each so many times.

    Columns are matched by the landscape's labels, or 0, 1, ... where it has none; 1, 2, ... are taken for those.

    Raises
    ------
    InputError
        When the variables are not those of the landscape, or there is no sample.
    """
    labels: tuple[Hashable, ...] = tuple(getattr(landscape, "labels", None) or range(landscape.size))
    given = list(variables)
    if labels == tuple(range(landscape.size)) and set(given) == set(range(1, landscape.size + 1)):
        labels = tuple(range(1, landscape.size + 1))
    if len(given) != len(labels) or set(given) != set(labels):
        strange = [label for label in given if label not in set(labels)] or [x for x in labels if x not in set(given)]
        raise InputError(
            f"the samples are of {len(given)} variables, {landscape.name} has {len(labels)}; they differ in "
            f"{', '.join(map(repr, strange[:3]))}: give samples of this model"
        )
    place = {label: number for number, label in enumerate(given)}
    bits = (np.asarray(sample)[:, [place[label] for label in labels]] > 0).astype(np.uint8)
    found = np.repeat(bits, np.asarray(times, np.int64), axis=0)
    if not len(found):
        raise InputError("there are no samples; give at least one")
    return found
