"""What is fuzzed: every registered reader of problems, and the readers of structures, samples, checkpoints, specs."""

from __future__ import annotations

import faulthandler
import importlib.util
import os
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from spinfunnel.atlas import Atlas
from spinfunnel.formats import FORMATS_READ, ReadOptions, read_problem
from spinfunnel.formats.bounded_arrays import NPY_MAGIC, ZIP_MAGIC
from spinfunnel.formats.cambridge import load_database
from spinfunnel.formats.dimod_child import answered, bounded
from spinfunnel.formats.problems.unread import name_unread
from spinfunnel.formats.sample_sets import read_sample_rows
from spinfunnel.formats.source import Source
from spinfunnel.formats.structure_files import read_structure
from spinfunnel.landscape import InputError
from spinfunnel.pipeline.run import explore
from spinfunnel.systems import resolve
from spinfunnel.systems.spins.from_problem import landscape_of_problem

__all__ = ["SLOW_TARGETS", "TARGETS", "in_child"]

Target = Callable[[bytes], None]
CHILDREN = {"dimod-cqm": "cqm", "lp": "lp"}
SMALL = 200
FOLDER = Path(tempfile.mkdtemp(prefix="spinfunnel-fuzz-"))


def _problem(name: str) -> Target:
    row = FORMATS_READ[name]

    def read(data: bytes) -> None:
        plain = name == "matrix" and not data.startswith((NPY_MAGIC, ZIP_MAGIC))
        source = Source(Path("input.csv" if plain else f"input{row.endings[0]}"), data)
        if not data.strip():
            raise InputError("input is empty")
        claimed = next((row for row in FORMATS_READ.values() if row.sniff(source)), None)
        chosen = row if len(data) % 2 else claimed
        if chosen is None:
            raise name_unread(source)
        if chosen.name in CHILDREN:
            return in_child(CHILDREN[chosen.name], source.text.encode() if chosen.name == "lp" else data)
        try:
            problem = chosen.read(source, ReadOptions(vartype="SPIN" if chosen.name == "coo" else None))
        except StopIteration:
            raise InputError("input is cut short") from None
        if problem.size <= SMALL:
            landscape_of_problem(problem)
        return None

    return read


def in_child(kind: str, data: bytes) -> None:
    """Read by dimod in a fork of this process, bounded as the child of `dimod_child` is; its crash is contained."""
    child = os.fork()
    if child == 0:
        faulthandler.disable()
        try:
            bounded(len(data))
            answered(kind, data, None)
        except BaseException:  # noqa: BLE001 - every end of the child is one of the two
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise InputError(f"contained: {signal.Signals(os.WTERMSIG(status)).name}")
    if os.WEXITSTATUS(status):
        raise InputError("refused by the child")


def _by_file(name: str, read: Callable[[Path], object]) -> Target:
    file = FOLDER / name

    def run(data: bytes) -> None:
        file.write_bytes(data)
        read(file)

    return run


def _database(data: bytes) -> None:
    low, _, high = data.partition(b"\0")
    folder = FOLDER / "database"
    folder.mkdir(exist_ok=True)
    (folder / "min.data").write_bytes(low)
    (folder / "ts.data").write_bytes(high)
    load_database(folder)


def _spec(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    # Large systems are a matter of memory, not of reading; and no file of this machine is to be run.
    if ".py" in text or any(len(word) > 2 for word in "".join(c if c.isdigit() else " " for c in text).split()):
        return
    resolve(text)


def _checkpoints() -> dict[str, Target]:
    """Reader of checkpoints, where PyTorch is."""
    if importlib.util.find_spec("torch") is None:
        return {}
    from spinfunnel.formats.checkpoint import read_checkpoint

    return {
        "checkpoint": _by_file("c.safetensors", read_checkpoint),
        "checkpoint.pt": _by_file("c.pt", read_checkpoint),
    }


def _compressed(data: bytes) -> None:
    """Read a problem in a gzip archive, which may be damaged."""
    file = FOLDER / "input.txt.gz"
    file.write_bytes(data)
    read_problem(file)


def _atlas_text(data: bytes) -> None:
    """Read an atlas of which one text is another: the first byte chooses which."""
    file = FOLDER / "atlas.db"
    place, text = TEXTS[data[0] % len(TEXTS) if data else 0], data[1:].decode("utf-8", "replace")
    table, _, column = place.partition(".")
    if not _ATLAS:
        _ATLAS.append(_atlas(file))
    file.write_bytes(_ATLAS[0])
    with closing(sqlite3.connect(file)) as link, link:
        link.execute(f"UPDATE {table} SET {column} = ?{' WHERE number = 0' if table == 'minimum' else ''}", (text,))  # noqa: S608 - both from the list above
    with Atlas(file, read_only=True) as atlas:
        for entry in atlas.landscapes():
            atlas.runs(entry.identity)
            atlas.basin_graph(entry.identity)
            atlas.coordinates(entry.identity)


def _atlas(file: Path) -> bytes:
    """Bytes of a small atlas."""
    file.unlink(missing_ok=True)
    with Atlas(file) as atlas:
        explore(resolve("sk:n=6,seed=1"), atlas=atlas, workers=1)
    with closing(sqlite3.connect(file)) as link:
        link.execute("PRAGMA journal_mode = DELETE")
    return file.read_bytes()


_ATLAS: list[bytes] = []
TEXTS = (
    "landscape.parameters", "landscape.symmetry", "landscape.kind", "landscape.states", "landscape.identity",
    "run.options", "run.failures", "run.seed", "run.outcome", "run.finished", "minimum.key", "census.states",
    "spinfunnel_atlas.value",
)  # fmt: skip


TARGETS: dict[str, Target] = {
    **{name: _problem(name) for name in FORMATS_READ.own},
    "samples": _by_file("samples", read_sample_rows),
    **{f"structure.{end}": _by_file(f"s.{end}", read_structure) for end in ("pdb", "cif", "xyz", "npy", "csv")},
    **_checkpoints(),
    "compressed": _compressed,
    "atlas text": _atlas_text,
    "database": _database,
    "spec": _spec,
}

SLOW_TARGETS = {"dimod-cqm", "lp", "atlas text"}
"""Those that take milliseconds: two are read in a process of their own, one is a database."""
