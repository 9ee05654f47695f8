"""Constrained models of dimod and LP files: dimod reads them in a process of its own, constraints become penalties."""

from __future__ import annotations

from spinfunnel.formats.dimod_child import by_child
from spinfunnel.formats.problem import Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.source import Source, file_name

__all__ = ["CQM_FORMAT", "LP_FORMAT"]

OPENINGS = ("minimize", "maximize", "minimum", "maximum", "min", "max", "minimise", "maximise")


def _sniff_cqm(source: Source) -> bool:
    return source.data.startswith(b"DIMODCQM")


def _sniff_lp(source: Source) -> bool:
    if source.ending == ".lp":
        return not source.data.startswith((b"DIMOD", b"PK", b"\x93NUMPY"))
    lines = [line.words for line in source.head if line.words[0][0] != "\\"]
    return bool(lines) and lines[0][0].lower() in OPENINGS and len(lines[0]) == 1


def _read_cqm(source: Source, options: ReadOptions) -> Problem:
    return by_child("cqm", source.data, penalty=options.penalty, format="dimod CQM", name=file_name(source.file))


def _read_lp(source: Source, options: ReadOptions) -> Problem:
    text = source.text.encode()
    return by_child("lp", text, penalty=options.penalty, format="lp", name=file_name(source.file))


CQM_FORMAT = ProblemFormat(
    "dimod-cqm",
    (".cqm",),
    _sniff_cqm,
    _read_cqm,
    "a ConstrainedQuadraticModel by cqm.to_file(): the objective plus --penalty times each squared violation",
    "D-Wave Systems, dimod, dimod.cqm_to_bqm",
    "with cqm.to_file() as made: open('model.cqm', 'wb').write(made.read())",
    options=("penalty",),
)
LP_FORMAT = ProblemFormat(
    "lp",
    (".lp",),
    _sniff_lp,
    _read_lp,
    "an LP file of binary and integer variables: the objective plus --penalty times each squared violation",
    "D-Wave Systems, dimod, dimod.lp",
    "Minimize\n obj: - a - 2 b - 3 c\nSubject To\n one: a + b + c = 1\nBinary\n a b c\nEnd\n",
    options=("penalty",),
)
