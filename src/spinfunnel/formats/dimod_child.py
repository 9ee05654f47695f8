"""Files that only dimod reads, read in a process of its own: what crashes or swells there ends in one sentence here.

dimod's readers of constrained models and of LP files are compiled code that believes its input. The child may use a
bounded memory and time; it answers with plain arrays.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from typing import Any

import numpy as np

from spinfunnel.formats.bounded_arrays import read_npz
from spinfunnel.formats.problem import Problem
from spinfunnel.formats.problems.json_fields import labels
from spinfunnel.landscape import InputError

__all__ = ["answered", "bounded", "by_child", "constrained_problem"]

SECONDS = 3
"""Of work for any file, with one more for each 100 kB; dimod loops for ever on some damaged files."""
PATIENCE = 10
"""Times as long by the clock: the machine may be busy."""
MEMORY = 1 << 31
"""Bytes that the child may address, with 64 for each byte of the file."""
LONGEST_REASON = 160
CHILD = "import sys; from spinfunnel.formats.dimod_child import main; sys.exit(main())"


def by_child(kind: str, data: bytes, *, penalty: float | None, format: str, name: str) -> Problem:  # noqa: A002
    """Problem that a child process reads.

    Parameters
    ----------
    kind : {"cqm", "lp"}
    data : bytes
        Of the file.
    penalty : float or None
        Weight of the constraints; dimod's default unless given.
    format, name : str
        For the problem.

    Raises
    ------
    InputError
        Where dimod refuses the file, crashes on it, or needs more than 3 s or 2 GiB for a small one.
    """
    command = [sys.executable, "-c", CHILD, kind, "" if penalty is None else repr(float(penalty))]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - this package's own module, and nothing of the file's
            command, input=data, capture_output=True, timeout=PATIENCE * seconds(len(data)), env=surroundings,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InputError("dimod does not finish with this file; it is damaged, or give a smaller model") from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise InputError(f"dimod does not finish with this file in {seconds(len(data))} s; it is damaged or too large")
    if done.returncode == 3:
        raise InputError(done.stderr.decode("utf-8", "replace").strip()[-2 * LONGEST_REASON :])
    if done.returncode != 0:
        raise InputError("dimod crashes on this file or runs out of memory; it is damaged or too large")
    arrays = read_npz(done.stdout, what="dimod's answer")
    facts = json.loads(arrays["facts"].tobytes())
    size = len(facts["labels"])
    terms = ((np.arange(size)[:, None], arrays["linear"]), (arrays["pairs"].astype(np.int64), arrays["quadratic"]))
    return Problem(
        size, terms, "BINARY", format, name=name, constant=facts["offset"], labels=labels(facts["labels"]),
        note=facts["note"],
    )  # fmt: skip


def constrained_problem(model: Any, *, penalty: float | None = None, format: str, name: str) -> Problem:  # noqa: A002
    """Problem of a ``dimod.ConstrainedQuadraticModel`` object, its constraints as penalties.

    Each constraint, with slack variables where it is an inequality, adds the penalty times its squared violation.

    Raises
    ------
    InputError
        For real variables, constraints that are not linear, and integers that do not begin at 0.

    Examples
    --------
    >>> import dimod
    >>> model = dimod.ConstrainedQuadraticModel()
    >>> a, b = dimod.Binaries("ab")
    >>> model.set_objective(-a - 2 * b)
    >>> _ = model.add_constraint(a + b == 1)
    >>> constrained_problem(model, format="dimod CQM", name="pair").note
    '1 constraint became a penalty of weight 20, 10 times the largest bias; --penalty chooses'
    """
    import dimod

    real = next((v for v in model.variables if model.vartype(v) is dimod.REAL), None)
    if real is not None:
        raise InputError(
            f"variable {str(real)[:40]!r} is real, and landscapes of spins have none: write it in binary variables"
        )
    if any(not constraint.lhs.is_linear() for constraint in model.constraints.values()):
        raise InputError("a constraint of this model is quadratic: write it as part of the objective")
    count = len(model.constraints)
    try:
        made, _ = dimod.cqm_to_bqm(model, lagrange_multiplier=penalty)
    except (ValueError, RuntimeError, TypeError, OverflowError, ArithmeticError) as error:
        raise InputError(
            f"dimod cannot write this constrained model without constraints: {str(error)[:LONGEST_REASON]}"
        ) from None
    names = list(made.variables)
    if not names:
        raise InputError("a model without variables has no landscape; give at least one variable")
    linear, (head, tail, quadratic), offset = made.to_numpy_vectors(names)
    note = ""
    if count:
        biases = [abs(value) for value in (*model.objective.linear.values(), *model.objective.quadratic.values())]
        weight = penalty if penalty is not None else 10.0 * max(biases, default=0.0) or 1.0
        what = "1 constraint became a penalty" if count == 1 else f"{count} constraints became penalties"
        said = "" if penalty is not None else ", 10 times the largest bias; --penalty chooses"
        note = f"{what} of weight {weight:g}{said}"
    terms = (
        (np.arange(len(names))[:, None], np.asarray(linear, np.float64)),
        (np.stack([head, tail], axis=1).astype(np.int64), np.asarray(quadratic, np.float64)),
    )
    return Problem(
        len(names), terms, "BINARY", format, name=name, constant=float(offset), labels=tuple(names), note=note
    )


# ---------------------------------------------------------------------------------------------
# The child


def seconds(length: int) -> int:
    """Seconds of work that a file of so many bytes may take."""
    return SECONDS + length // 100_000


def bounded(length: int) -> None:
    """Bound the memory and the time of this process."""
    import resource

    spent = math.ceil(time.process_time())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds(length),) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY + 64 * length,) * 2)


def answered(kind: str, data: bytes, penalty: float | None) -> bytes:
    """Read a model and write its arrays."""
    import dimod

    if kind == "lp":
        model = dimod.lp.loads(data.decode())
    else:
        _check_archive(data)
        model = dimod.ConstrainedQuadraticModel.from_file(data)
    problem = constrained_problem(model, penalty=penalty, format=kind, name="")
    facts = {"labels": list(problem.labels), "offset": problem.constant, "note": problem.note}
    (_, linear), (pairs, quadratic) = problem.terms
    stream = BytesIO()
    text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    np.savez(stream, linear=linear, pairs=pairs, quadratic=quadratic, facts=text)
    return stream.getvalue()


def _check_archive(data: bytes) -> None:
    """Refuse an archive that swells: dimod would unpack it whole."""
    import zipfile

    with zipfile.ZipFile(BytesIO(data)) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if total > max(1 << 26, 100 * len(data)):
        raise InputError(f"this model unpacks to {total} bytes from {len(data)}; it is damaged")


def main() -> int:
    """Read a model from standard input, answer on standard output; 3 with one sentence where it is refused."""
    kind, weight = sys.argv[1:3]
    data = sys.stdin.buffer.read()
    bounded(len(data))
    try:
        answer = answered(kind, data, float(weight) if weight else None)
    except InputError as error:
        sys.stderr.write(str(error))
        return 3
    except MemoryError:
        sys.stderr.write("the model needs more memory than a file of its length should; it is damaged or too large")
        return 3
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to its reader
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        sys.stderr.write(f"dimod cannot read this model: {type(error).__name__}: {reason}")
        return 3
    sys.stdout.buffer.write(answer)
    return 0
