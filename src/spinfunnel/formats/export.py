"""Maps in the formats of other programs."""

from __future__ import annotations

import csv
import difflib
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.landscape import BasinGraph, InputError, key_states

if TYPE_CHECKING:
    import dimod
    import networkx as nx

__all__ = ["FORMATS", "Format", "export", "to_networkx", "to_sampleset", "write_whole"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a map down.

    Attributes
    ----------
    name : str
    extension : str
        Of the file, with its dot; empty where the target is a folder.
    files : tuple of str
        Names of the files in the folder; empty where the target is one file.
    write : callable
        Takes the map, or its `trajectories.Points`, and the paths to write to: that of the file, or those of `files`
        in order.
    summary, source : str
        What it is, and where it is defined.
    """

    name: str
    extension: str
    files: tuple[str, ...]
    write: Callable[[Any, Sequence[Path]], None]
    summary: str
    source: str


# ---------------------------------------------------------------------------------------------
# NetworkX GraphML

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_networkx(graph: BasinGraph) -> nx.Graph:
    """Return the map as a NetworkX graph with two kinds of nodes.

    A saddle may join more than two minima, so it is a node too: minima ``m0, m1, ...`` (attributes kind, key, energy,
    weight, plateau, orbit, native) and saddles ``s0, s1, ...`` (kind, key, energy, exact), numbered as in the map,
    with an edge from each saddle to each minimum it joins (attribute hub: whether the saddle's own state drains
    there). The graph itself says exact and symmetry.

    Examples
    --------
    >>> import numpy as np
    >>> hill = BasinGraph(
    ...     np.array(["00", "11"]),
    ...     np.array([-1.0, 0.0]),
    ...     np.array([0.5, 0.5]),
    ...     np.array([1, 1]),
    ...     np.array([1, 1]),
    ...     np.array(["01"]),
    ...     np.array([2.0]),
    ...     np.array([0, 2]),
    ...     np.array([0, 1]),
    ...     np.array([True]),
    ... )
    >>> to_networkx(hill).nodes["s0"]
    {'kind': 'saddle', 'key': '01', 'energy': 2.0, 'exact': True}
    >>> sorted(to_networkx(hill)["s0"])
    ['m0', 'm1']
    """
    import networkx as nx

    drawn = nx.Graph(exact=bool(graph.exact), symmetry=", ".join(graph.symmetry))
    for number, (key, energy, weight, plateau, orbit, native) in enumerate(_minimum_rows(graph)):
        drawn.add_node(
            f"m{number}",
            kind="minimum",
            key=key,
            energy=energy,
            weight=weight,
            plateau=plateau,
            orbit=orbit,
            native=native,
        )
    for number, (key, energy, exact, joined) in enumerate(_saddle_rows(graph)):
        drawn.add_node(f"s{number}", kind="saddle", key=key, energy=energy, exact=exact)
        for position, minimum in enumerate(joined):
            drawn.add_edge(f"s{number}", f"m{minimum}", hub=position == 0)
    return drawn


def _write_graphml(graph: BasinGraph, paths: Sequence[Path]) -> None:
    import networkx as nx

    drawn = to_networkx(graph)
    for _, attributes in drawn.nodes(data=True):
        attributes["key"] = _in_xml(attributes["key"])
    drawn.graph["symmetry"] = _in_xml(drawn.graph["symmetry"])
    nx.write_graphml_xml(drawn, paths[0])


def _in_xml(text: str) -> str:
    # Markup is escaped by the writer; control characters have no form in XML at all.
    return _NOT_IN_XML.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def _minimum_rows(graph: BasinGraph) -> list[tuple[str, float, float, int, int, bool]]:
    columns = (graph.key, graph.energy, graph.weight, graph.plateau, graph.orbit, graph.native)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _saddle_rows(graph: BasinGraph) -> list[tuple[str, float, bool, list[int]]]:
    starts, joined = graph.saddle_offsets.tolist(), graph.saddle_minima.tolist()
    columns = (graph.saddle_key, graph.saddle_energy, graph.saddle_exact)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [(*row, joined[starts[number] : starts[number + 1]]) for number, row in enumerate(rows)]


# ---------------------------------------------------------------------------------------------
# Tables

_MINIMUM_COLUMNS = ("number", "key", "energy", "weight", "plateau", "orbit", "native")
_SADDLE_COLUMNS = ("number", "key", "energy", "exact", "minima")


def _write_csv(graph: BasinGraph, paths: Sequence[Path]) -> None:
    with paths[0].open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_MINIMUM_COLUMNS)
        writer.writerows((number, *row[:-1], int(row[-1])) for number, row in enumerate(_minimum_rows(graph)))
    with paths[1].open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_SADDLE_COLUMNS)
        for number, (key, energy, exact, joined) in enumerate(_saddle_rows(graph)):
            writer.writerow((number, key, energy, int(exact), " ".join(map(str, joined))))


def _write_parquet(graph: BasinGraph, paths: Sequence[Path]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    facts = {
        "exact": bool(graph.exact),
        "symmetry": list(graph.symmetry),
        "census": None if graph.census is None else asdict(graph.census),
    }
    about = {"spinfunnel": json.dumps(facts)}
    columns = (
        np.arange(graph.minima),
        graph.key.astype(object),
        graph.energy,
        graph.weight,
        graph.plateau,
        graph.orbit,
        graph.native,
    )
    kinds = (
        pa.int64(), pa.string(), pa.float64(), pa.float64(), pa.int64(), pa.int64(),
        pa.bool_()
    )  # fmt: skip
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    minima = pa.Table.from_arrays(arrays, names=list(_MINIMUM_COLUMNS)).replace_schema_metadata(about)
    pq.write_table(minima, paths[0])
    joined = pa.LargeListArray.from_arrays(
        pa.array(graph.saddle_offsets, pa.int64()), pa.array(graph.saddle_minima, pa.int64())
    )
    arrays = [
        pa.array(np.arange(graph.saddles), pa.int64()),
        pa.array(graph.saddle_key.astype(object), pa.string()),
        pa.array(graph.saddle_energy, pa.float64()),
        pa.array(graph.saddle_exact, pa.bool_()),
        joined,
    ]
    saddles = pa.Table.from_arrays(arrays, names=list(_SADDLE_COLUMNS)).replace_schema_metadata(about)
    pq.write_table(saddles, paths[1])


# ---------------------------------------------------------------------------------------------
# Programs of the field


def _write_cambridge(graph: BasinGraph, paths: Sequence[Path]) -> None:
    """Write ``min.data`` and ``ts.data``.

    A line of the first is: energy, log product of the positive Hessian eigenvalues, order of the point group, three
    moments of inertia; of the second: energy, log product, order, the two minima (from 1), three moments. Both
    programs weigh a minimum with ``exp(-log product / 2) / order * exp(-E / T)``. Of a smooth map the product takes the
    order of the point group in, ``-2 log_volume`` (see `landscape.Minimum`), and the order is 1. States without a
    Hessian get what makes this the number of plain states at the bottom: log product ``-2 ln(plateau)``, and order
    ``L / orbit`` with L the least common multiple of all orbits; their saddles stand in general position (order 1, log
    product 0). There are no moments (1 1 1). One that joins k minima becomes k - 1 lines from its hub.
    """
    copies = math.lcm(*graph.orbit.tolist()) if graph.minima else 1
    smooth = graph.log_volume is not None
    with paths[0].open("w", encoding="ascii") as stream:
        for number, (_, energy, _, plateau, orbit, _) in enumerate(_minimum_rows(graph)):
            product = -2.0 * math.log(plateau) if plateau > 1 else 0.0
            if graph.log_volume is not None:
                product = -2.0 * float(graph.log_volume[number])
            stream.write(f"{energy!r} {product!r} {1 if smooth else copies // orbit} 1.0 1.0 1.0\n")
    hub, spoke, energies = (column.tolist() for column in graph.direct_edges())
    volume = np.zeros(graph.saddles) if graph.saddle_log_volume is None else graph.saddle_log_volume
    products = (-2.0 * np.repeat(volume, np.diff(graph.saddle_offsets) - 1)).tolist()
    with paths[1].open("w", encoding="ascii") as stream:
        for energy, product, first, second in zip(energies, products, hub, spoke, strict=True):
            stream.write(f"{energy!r} {product + 0.0!r} 1 {first + 1} {second + 1} 1.0 1.0 1.0\n")


def _write_barriers(graph: BasinGraph, paths: Sequence[Path]) -> None:
    """Write the table of local minima that the program barriers prints.

    A head line (there: the sequence; here: what the map is, in one word), then for each minimum in ascending order of
    energy, from 1: number, structure, energy, father, barrier. The father is the lowest minimum of the superbasin that
    the minimum's own joins first, at the barrier above its energy. Father 0: it joins none; its barrier reaches up to
    the highest pass of the map. Energies have ten decimals instead of two or five; columns are divided by white
    space, white space in keys becomes an underscore.
    """
    from spinfunnel.landscape.tree import merge_tree

    tree = merge_tree(graph)
    top = tree.energy.max(initial=-math.inf)
    father = np.zeros(graph.minima, np.int64)
    barrier = top - graph.energy
    child = np.flatnonzero(tree.parent >= 0)
    parent = tree.parent[child]
    flows = tree.lowest[child] != tree.lowest[parent]
    own = tree.lowest[child[flows]]
    father[own] = tree.lowest[parent[flows]] + 1
    barrier[own] = tree.energy[parent[flows]] - graph.energy[own]
    keys = [re.sub(r"\s", "_", key) or "_" for key in graph.key.tolist()]
    width, digits = max(map(len, keys), default=1), max(4, len(str(graph.minima)))
    rows = zip(keys, graph.energy.tolist(), father.tolist(), barrier.tolist(), strict=True)
    with paths[0].open("w", encoding="utf-8") as stream:
        stream.write(f"     spinfunnel:{graph.minima}-minima{'' if graph.exact else '-sampled'}\n")
        for number, (key, energy, above, height) in enumerate(rows, start=1):
            stream.write(f"{number:{digits}d} {key:<{width}s} {energy:18.10f} {above:{digits}d} {height:18.10f}\n")


def to_sampleset(graph: BasinGraph) -> dimod.SampleSet:
    """Return the minima of a binary landscape as a dimod sample set of spins, lowest first.

    One row stands for each minimum, with the state that its key spells; ``num_occurrences`` is the number of plain
    states behind it (plateau times orbit), so that occurrences count every degenerate copy. Data vectors: weight,
    plateau, orbit, native.

    Raises
    ------
    InputError
        When the keys are not bit strings of one length: the landscape is not binary.

    Examples
    --------
    >>> import numpy as np
    >>> none = (np.array([], str), np.array([]), np.array([0]), np.array([], int), np.array([], bool))
    >>> pair = BasinGraph(np.array(["01"]), np.array([-1.0]), np.array([1.0]), np.array([1]), np.array([2]), *none)
    >>> best = to_sampleset(pair).first
    >>> [int(spin) for spin in best.sample.values()], float(best.energy), int(best.num_occurrences)
    ([-1, 1], -1.0, 2)
    """
    import dimod

    lengths = {len(key) for key in graph.key.tolist()}
    if len(lengths) > 1 or not all(set(key) <= {"0", "1"} for key in graph.key.tolist()):
        raise InputError(
            "a dimod sample set holds spins, but the keys of these minima are not bit strings; export as graphml "
            "or csv instead"
        )
    bits = key_states(graph.key)
    samples: dimod.SampleSet = dimod.SampleSet.from_samples(
        (bits.astype(np.int8) * 2 - 1, range(bits.shape[1])),
        vartype="SPIN",
        energy=graph.energy,
        num_occurrences=graph.plateau * graph.orbit,
        sort_labels=False,
        info={"exact": bool(graph.exact), "symmetry": list(graph.symmetry)},
        weight=graph.weight,
        plateau=graph.plateau,
        orbit=graph.orbit,
        native=graph.native,
    )
    return samples


def _write_dimod(graph: BasinGraph, paths: Sequence[Path]) -> None:
    with paths[0].open("w", encoding="utf-8") as stream:
        json.dump(to_sampleset(graph).to_serializable(), stream)


# ---------------------------------------------------------------------------------------------
# The list of them

FORMATS: dict[str, Format] = {
    made.name: made
    for made in (
        Format(
            "graphml",
            ".graphml",
            (),
            _write_graphml,
            "minima and saddles as nodes of a NetworkX graph",
            "graphml.graphdrawing.org",
        ),
        Format(
            "csv",
            "",
            ("minima.csv", "saddles.csv"),
            _write_csv,
            "two tables as text, numbers from 0, hub first",
            "RFC 4180",
        ),
        Format(
            "parquet",
            "",
            ("minima.parquet", "saddles.parquet"),
            _write_parquet,
            "two tables in columns",
            "parquet.apache.org",
        ),
        Format(
            "cambridge",
            "",
            ("min.data", "ts.data"),
            _write_cambridge,
            "the pair of files that PATHSAMPLE, disconnectionDPS and pele read",
            "Wales, D. J., Energy Landscapes, Cambridge University Press (2003)",
        ),
        Format(
            "barriers",
            ".bar",
            (),
            _write_barriers,
            "the table that the program barriers prints",
            "Flamm, Hofacker, Stadler, Wolfinger, Z. Phys. Chem. 216, 155 (2002)",
        ),
        Format(
            "dimod", ".json", (), _write_dimod, "the minima of a binary landscape as a dimod SampleSet", "D-Wave dimod"
        ),
    )
}


def export(graph: BasinGraph, target: Path | str, *, format: str, overwrite: bool = False) -> list[Path]:  # noqa: A002
    """Write a map in a format of other programs.

    Parameters
    ----------
    graph : BasinGraph
    target : Path or str
        The file; for formats of several files (csv, parquet, cambridge) the folder, made where it is missing.
    format : str
        A name in `FORMATS`.
    overwrite : bool
        Whether files that exist are replaced.

    Returns
    -------
    list of Path
        The files written. They appear whole or not at all.

    Raises
    ------
    InputError
        When the format is unknown or cannot hold this map, when a file exists, or when the target cannot be written.
    """
    if format not in FORMATS:
        close = difflib.get_close_matches(format, FORMATS, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise InputError(f"there is no format {format!r}; {meant}there are {', '.join(FORMATS)}")
    return write_whole(FORMATS[format], graph, Path(target), overwrite=overwrite)


def write_whole(chosen: Format, found: Any, place: Path, *, overwrite: bool) -> list[Path]:
    """Write all files of a format, or none; errors as of `export`."""
    folder = place if chosen.files else place.parent
    paths = [folder / name for name in chosen.files] or [place]
    made = _prepare(chosen, place, paths=paths, overwrite=overwrite)
    partial = [path.with_name(f".{path.name}.{os.getpid()}.partial") for path in paths]
    try:
        chosen.write(found, partial)
        for source, path in zip(partial, paths, strict=True):
            os.replace(source, path)
    except OSError as error:
        raise InputError(f"{place} cannot be written ({error.strerror or error}); give another path") from None
    finally:
        for source in partial:
            source.unlink(missing_ok=True)
        if made and not any(folder.iterdir()):
            folder.rmdir()
    return paths


def _prepare(chosen: Format, place: Path, *, paths: Sequence[Path], overwrite: bool) -> bool:
    """Refuse a target that cannot be written; make the folder. Whether it was made."""
    folder = paths[0].parent
    if chosen.files and place.exists() and not place.is_dir():
        raise InputError(
            f"{place} is a file, but the format {chosen.name} is a folder of {' and '.join(chosen.files)}; give a "
            "folder"
        )
    if not chosen.files and place.is_dir():
        raise InputError(f"{place} is a directory; give a file in it, such as {place / ('map' + chosen.extension)}")
    missing = chosen.files and not place.exists()
    base = place.parent if missing else folder
    if not base.is_dir():
        raise InputError(f"the directory {base} does not exist; create it first or give another path")
    _need_writable(base)
    for path in paths:
        if path.exists():
            if not overwrite:
                raise InputError(
                    f"{path} exists; give another path, or overwrite it (--overwrite, in Python overwrite=True)"
                )
            _need_writable(path)
    if missing:
        try:
            place.mkdir()
        except OSError as error:
            raise InputError(f"the directory {place} cannot be made ({error.strerror}); give another path") from None
    return bool(missing)


def _need_writable(place: Path) -> None:
    # The superuser may write everything; a place without a single write bit was still meant to be left alone.
    if not os.access(place, os.W_OK) or not place.stat().st_mode & 0o222:
        raise InputError(f"{place} is read-only; make it writable or give another path")
