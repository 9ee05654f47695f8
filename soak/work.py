"""A cycle of studies: tempering, joining and training, each into an atlas, read back, measured and drawn."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path

import spinfunnel as sf
from spinfunnel.landscape import Budget

__all__ = ["Cycle", "leaking", "studies"]

Cycle = Callable[[int], None]


def studies(folder: Path, *, workers: int) -> Cycle:
    """Return a cycle, a function of its seed; its atlas is written in a folder, read again and removed."""
    plans = [
        ("sk:n=16", "tempering", Budget(evaluations=20_000)),
        ("lj:atoms=6", "joining", Budget(evaluations=3_000)),
    ]
    if importlib.util.find_spec("torch") is not None:
        plans.append(("network:width=2", "training:networks=3,rounds=0,epochs=20", Budget()))

    def cycle(seed: int) -> None:
        file = folder / "soak.db"
        for spec, explorer, budget in plans:
            found = sf.study(
                spec,
                explorer=explorer,
                budget=budget,
                seed=seed,
                atlas=file,
                workers=workers,
                nulls=False,
                advice=False,
                views=False,
            )
            with sf.Atlas(file, read_only=True) as atlas:
                again = atlas.basin_graph(found.landscape.identity)
            if again.minima != found.graph.minima:
                raise AssertionError(f"{spec}, seed {seed}: {again.minima} minima read, {found.graph.minima} written")
            (folder / "soak.json").write_text(json.dumps(found.to_json()))
        for leftover in folder.iterdir():
            leftover.unlink()

    return cycle


def leaking(cycle: Cycle, *, size: int) -> Cycle:
    """Return the same cycle, which keeps so many bytes and one open file each time: what the verdict must find."""
    kept: list[object] = []

    def leaks(seed: int) -> None:
        cycle(seed)
        kept.append((bytearray(b"x") * size, os.open(os.devnull, os.O_RDONLY)))

    return leaks
