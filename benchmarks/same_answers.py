"""Forty landscapes of every kind, judged by two versions of the program: which answers changed.

    python benchmarks/same_answers.py record before            # in the old checkout
    python benchmarks/same_answers.py record after             # in the new one
    python benchmarks/same_answers.py compare before after

Budgets are in evaluations, so that an answer does not depend on the speed of the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"

EXACT = (
    "sk:n=10", "sk:n=12,bias=2", "sk:n=16", "ea:shape=4x4", "ea:shape=4x4,bonds=bimodal", "ea:shape=2x2x3",
    "dfm:shape=4x4",
    "dfm:shape=4x5", "rfim:shape=4x4", "pspin:n=12,p=3", "multiscale:n=14", "rem:n=14", "rem:n=12,slope=4",
    "hopfield:n=14,patterns=1", "hopfield:n=14,patterns=3", "labs:n=13", "golf:n=12", "maxcut:n=12", "partition:n=12",
    "committee", "dill-chan",
)  # fmt: skip
CHAINS = ("hp:sequence=HPHPPHHPHPPHPH", "go:n=12", "protein:n=12", "heteropolymer:n=12")
SMOOTH = ("lj:atoms=7", "lj:atoms=8", "morse:atoms=6", "mueller-brown", "double-well", "himmelblau", "camel", "xy")
SAMPLED = (
    ("sk:n=64", "1e6"), ("ea:shape=8x8", "1e6"), ("dfm:shape=4x4x4", "1e6"), ("sk:n=16", "1e6"),
    ("lj:atoms=13", "2e5"), ("bln", "1e5"), ("hopfield:n=100,patterns=1", "1e6"),
)  # fmt: skip
NETWORKS = ("network:width=4", "network:data=xor,width=2,samples=0")


def commands() -> dict[str, list[str]]:
    """Name and arguments of each judgement."""
    plain = [*EXACT, *CHAINS, *SMOOTH]
    found = {system: ["judge", system] for system in plain}
    for system, budget in SAMPLED:
        explorer = ["--explorer", "tempering"] if system == "sk:n=16" else []
        found[f"{system} in {budget}"] = ["judge", system, "--budget", budget, *explorer]
    for system in NETWORKS:
        found[system] = ["judge", system, "--quick"]
    return {name: [*words, "--json", "--seed", "1", "--workers", "2"] for name, words in found.items()}


def record(folder: Path) -> None:
    """Judge all of them; what is there already is not judged again."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    for name, words in commands().items():
        target = folder / (name.replace("/", "-").replace(" ", "_") + ".json")
        if target.exists():
            continue
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "spinfunnel", *words], env=environment, capture_output=True, text=True, check=False
        )
        answer = done.stdout if done.returncode == 0 else json.dumps({"failed": done.stderr[-400:]})
        target.write_text(answer, encoding="utf-8")
        print(f"{name}: {time.perf_counter() - began:.1f} s, exit {done.returncode}", flush=True)


def differences(one: object, other: object, path: str = "") -> list[str]:
    """Where two answers differ, but for the seconds of the run and the version."""
    if path in {".run.seconds", ".run.version"} or one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            line
            for key in sorted({*one, *other})
            for line in differences(one.get(key), other.get(key), f"{path}.{key}")
        ]
    return [f"{path}: {json.dumps(one)[:90]} -> {json.dumps(other)[:90]}"]


def compare(before: Path, after: Path) -> int:
    """Print what changed; the number of answers that did."""
    changed = 0
    for name in commands():
        file = name.replace("/", "-").replace(" ", "_") + ".json"
        if not ((before / file).exists() and (after / file).exists()):
            print(f"{name}: not in both")
            continue
        found = differences(*(json.loads((folder / file).read_text(encoding="utf-8")) for folder in (before, after)))
        changed += bool(found)
        print(f"{name}: {'the same' if not found else f'{len(found)} differences'}")
        for line in found[:12]:
            print(f"    {line}")
    return changed


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record(Path(sys.argv[2]))
    else:
        sys.exit(compare(Path(sys.argv[2]), Path(sys.argv[3])) > 0)
