"""Maps as two tables in columns, by Apache Arrow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from spinfunnel.formats.maps.map_rows import MINIMUM_COLUMNS, SADDLE_COLUMNS, Format
from spinfunnel.landscape import BasinGraph

__all__ = ["FORMAT"]


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
    minima = pa.Table.from_arrays(arrays, names=list(MINIMUM_COLUMNS)).replace_schema_metadata(about)
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
    saddles = pa.Table.from_arrays(arrays, names=list(SADDLE_COLUMNS)).replace_schema_metadata(about)
    pq.write_table(saddles, paths[1])


FORMAT = Format(
    "parquet",
    "",
    ("minima.parquet", "saddles.parquet"),
    _write_parquet,
    "two tables in columns",
    "parquet.apache.org",
)
