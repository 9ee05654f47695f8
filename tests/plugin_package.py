"""A package of somebody else, laid into a folder as an installer would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def lay(folder: Path, name: str, *, modules: Mapping[str, str], points: Mapping[str, Mapping[str, str]]) -> Path:
    """Write a package of such modules (name to source) and entry points (group to name to object).

    The folder must then be on the path of the process that is to find the plug-in.
    """
    package, record = folder / name, folder / f"{name}-1.0.dist-info"
    package.mkdir(parents=True)
    record.mkdir()
    (package / "__init__.py").write_text("")
    for module, source in modules.items():
        (package / f"{module}.py").write_text(source)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        line
        for group, own in points.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in own.items()))
    ]
    (record / "entry_points.txt").write_text("\n".join(lines))
    return folder
