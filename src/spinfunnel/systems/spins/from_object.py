"""Landscapes of models that other libraries hold in memory: dimod's, NetworkX's, PyQUBO's, and bare matrices."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinfunnel.formats.dimod_child import constrained_problem
from spinfunnel.formats.problem import Problem, ReadOptions
from spinfunnel.formats.problems.matrix import matrix_problem
from spinfunnel.landscape import InputError
from spinfunnel.systems.spins.from_problem import landscape_of_problem
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["SPELLINGS", "Spelling", "is_spins", "spins_from"]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to hold a problem in memory.

    Attributes
    ----------
    what : str
        In words.
    fits : callable
        Whether an object is one; it raises nothing.
    problem : callable
        Takes the object, the name and the options; raises InputError.
    """

    what: str
    fits: Callable[[Any], bool]
    problem: Callable[[Any, str, ReadOptions], Problem]


def is_spins(found: Any) -> bool:
    """Whether an object is one of `SPELLINGS`."""
    return any(row.fits(found) for row in SPELLINGS)


def spins_from(
    found: Any,
    *,
    name: str | None = None,
    as_: str | None = None,
    vartype: str | None = None,
    penalty: float | None = None,
) -> SpinPolynomial | None:
    """Landscape of an object, or None where it is none of `SPELLINGS`.

    Parameters
    ----------
    found : object
    name : str, optional
    as_ : {"ising", "qubo"}, optional
        What a matrix, or a mapping of pairs, means.
    vartype : {"SPIN", "BINARY"}, optional
        The same in dimod's words.
    penalty : float, optional
        Weight of the constraints of a constrained model.

    Raises
    ------
    InputError
        For an object that is one and cannot be used, and for an option that it contradicts.

    Examples
    --------
    >>> import networkx as nx
    >>> ring = spins_from(nx.cycle_graph(4))
    >>> ring.energy(np.array([[0, 1, 0, 1]], np.uint8)).tolist()
    [-4.0]
    """
    row = next((row for row in SPELLINGS if row.fits(found)), None)
    if row is None:
        return None
    options = ReadOptions(vartype=vartype, form=as_, penalty=penalty)
    problem = row.problem(found, name or "", options)
    if options.wanted is not None and problem.vartype != options.wanted:
        raise InputError(f"this {row.what} is over {problem.vartype} variables itself; leave as_ and vartype out")
    return landscape_of_problem(problem)


def _dimod() -> Any:
    """Give dimod where it is loaded: an object of its own cannot be there otherwise."""
    return sys.modules.get("dimod")


def _is_quadratic(found: Any) -> bool:
    dimod = _dimod()
    return dimod is not None and all(hasattr(found, word) for word in ("linear", "quadratic", "offset", "variables"))


def _quadratic(found: Any, name: str, options: ReadOptions) -> Problem:
    dimod = _dimod()
    if not isinstance(found.vartype, dimod.Vartype):
        kinds = sorted({found.vartype(variable).name for variable in found.variables})
        raise InputError(
            f"a {type(found).__name__} over {' and '.join(kinds) or 'nothing'} is no binary model; give a "
            "BinaryQuadraticModel, or set it as the objective of a ConstrainedQuadraticModel"
        )
    labels = tuple(found.variables)
    place = {label: number for number, label in enumerate(labels)}
    linear = np.array([float(found.linear[label]) for label in labels])
    pairs = [(place[u], place[v], float(value)) for (u, v), value in found.quadratic.items()]
    terms = (
        (np.arange(len(labels))[:, None], linear),
        (np.array([pair[:2] for pair in pairs], np.int64).reshape(-1, 2), np.array([pair[2] for pair in pairs], float)),
    )
    return _named(labels, terms, found.vartype.name, name or "dimod", constant=float(found.offset), options=options)


def _is_polynomial(found: Any) -> bool:
    dimod = _dimod()
    return dimod is not None and isinstance(found, dimod.BinaryPolynomial)


def _polynomial(found: Any, name: str, options: ReadOptions) -> Problem:
    labels = tuple(found.variables)
    place = {label: number for number, label in enumerate(labels)}
    by_order: dict[int, tuple[list[list[int]], list[float]]] = {}
    constant = 0.0
    for term, value in found.items():
        if not term:
            constant += float(value)
            continue
        rows, values = by_order.setdefault(len(term), ([], []))
        rows.append([place[label] for label in term])
        values.append(float(value))
    terms = tuple((np.array(rows, np.int64), np.array(values)) for rows, values in by_order.values())
    return _named(labels, terms, found.vartype.name, name or "dimod", constant=constant, options=options)


def _named(
    labels: tuple[Any, ...], terms: Any, vartype: str, name: str, *, constant: float, options: ReadOptions
) -> Problem:
    """Problem with named variables, of which there is at least one."""
    if not labels:
        raise InputError("a model without variables has no landscape; give at least one variable")
    if options.penalty is not None:
        raise InputError("this model has no constraints; leave the penalty out")
    return Problem(len(labels), terms, vartype, "", name=name, constant=constant, labels=labels)


def _is_constrained(found: Any) -> bool:
    dimod = _dimod()
    return dimod is not None and isinstance(found, dimod.ConstrainedQuadraticModel)


def _constrained(found: Any, name: str, options: ReadOptions) -> Problem:
    return constrained_problem(found, penalty=options.penalty, format="", name=name or "dimod")


def _is_graph(found: Any) -> bool:
    return "networkx" in sys.modules and all(hasattr(found, word) for word in ("nodes", "edges", "is_directed"))


def _graph(found: Any, name: str, options: ReadOptions) -> Problem:
    """Maximum cut of a graph: ``E = sum w_ij s_i s_j`` = (sum of weights) - 2 cut."""
    if found.is_directed():
        raise InputError("a directed graph has no cut that is a landscape of spins; give graph.to_undirected()")
    labels = tuple(found.nodes)
    place = {label: number for number, label in enumerate(labels)}
    rows: list[tuple[int, int]] = []
    values: list[float] = []
    for u, v, weight in found.edges(data="weight", default=1.0):
        if u == v:
            raise InputError(f"node {str(u)[:40]!r} is joined to itself; a cut has no self-loops")
        try:
            values.append(float(weight))
        except (TypeError, ValueError):
            raise InputError(f"the weight of edge {str((u, v))[:40]} is {str(weight)[:40]!r}, no number") from None
        rows.append((place[u], place[v]))
    terms = ((np.array(rows, np.int64).reshape(-1, 2), np.array(values, np.float64)),)
    return _named(labels, terms, "SPIN", name or str(found.name) or "graph", constant=0.0, options=options)


def _is_mapping(found: Any) -> bool:
    return isinstance(found, Mapping) and bool(found) and all(isinstance(k, tuple) and len(k) == 2 for k in found)


def _mapping(found: Any, name: str, options: ReadOptions) -> Problem:
    """Entries ``{(u, v): value}``, as dimod's functions take them for a QUBO, or couplings of spins."""
    if options.wanted is None:
        raise InputError("a mapping of pairs could be a QUBO or couplings of spins: give as_='qubo' or as_='ising'")
    return _pairs({}, found, name, options, vartype=options.wanted)


def _is_fields_and_couplings(found: Any) -> bool:
    return (
        isinstance(found, tuple)
        and len(found) == 2
        and isinstance(found[0], Mapping)
        and (_is_mapping(found[1]) or (bool(found[0]) and found[1] == {}))
    )


def _fields_and_couplings(found: Any, name: str, options: ReadOptions) -> Problem:
    """Fields and couplings ``(h, J)``: ``E = sum h_i s_i + sum J_ij s_i s_j``, the sign of dimod."""
    return _pairs(found[0], found[1], name, options, vartype="SPIN")


def _pairs(
    linear: Mapping[Any, Any], quadratic: Mapping[Any, Any], name: str, options: ReadOptions, *, vartype: str
) -> Problem:
    labels = tuple(dict.fromkeys([*linear, *(label for pair in quadratic for label in pair)]))
    place = {label: number for number, label in enumerate(labels)}
    near = {(label,): value for label, value in linear.items()}
    loops = [((u,), value) for (u, v), value in quadratic.items() if u == v]
    if loops and vartype == "SPIN":
        raise InputError(f"variable {str(loops[0][0][0])[:40]!r} is coupled to itself; give fields as h in (h, J)")
    far = [((u, v), value) for (u, v), value in quadratic.items() if u != v]
    try:
        terms = tuple(
            (
                np.array([[place[label] for label in key] for key, _ in part], np.int64).reshape(-1, order),
                np.array([float(value) for _, value in part], np.float64),
            )
            for order, part in ((1, [*near.items(), *loops]), (2, far))
        )
    except (TypeError, ValueError):
        raise InputError("a coefficient of this mapping is no number; give finite numbers") from None
    return _named(labels, terms, vartype, name or "mapping", constant=0.0, options=options)


def _is_matrix(found: Any) -> bool:
    sparse = hasattr(found, "toarray") and hasattr(found, "tocoo")
    return isinstance(found, np.ndarray) or sparse or (isinstance(found, list) and bool(found) and _are_rows(found))


def _are_rows(found: list[Any]) -> bool:
    return all(isinstance(row, list | tuple | np.ndarray) for row in found)


def _matrix(found: Any, name: str, options: ReadOptions) -> Problem:
    if options.penalty is not None:
        raise InputError("a matrix has no constraints; leave the penalty out")
    try:
        array = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    except ValueError:
        raise InputError("the rows of this matrix have different lengths; give a square one") from None
    form = {"SPIN": "ising", "BINARY": "qubo"}.get(options.wanted or "")
    return matrix_problem(array, form=form, given="the matrix", name=name or "matrix")


def _is_compiled(found: Any) -> bool:
    return callable(getattr(found, "to_bqm", None))


def _compiled(found: Any, name: str, options: ReadOptions) -> Problem:
    """Model of PyQUBO, or anything else that makes a model of dimod."""
    import dimod

    made = found.to_bqm()
    if not isinstance(made, dimod.BinaryQuadraticModel):
        raise InputError(f"to_bqm() of this {type(found).__name__} gave {type(made).__name__}, no model of dimod")
    return _quadratic(made, name or "model", options)


SPELLINGS: tuple[Spelling, ...] = (
    Spelling("polynomial of dimod", _is_polynomial, _polynomial),
    Spelling("constrained model of dimod", _is_constrained, _constrained),
    Spelling("quadratic model of dimod", _is_quadratic, _quadratic),
    Spelling("graph of NetworkX", _is_graph, _graph),
    Spelling("mapping of pairs", _is_mapping, _mapping),
    Spelling("pair of fields and couplings", _is_fields_and_couplings, _fields_and_couplings),
    Spelling("square matrix", _is_matrix, _matrix),
    Spelling("compiled model of PyQUBO", _is_compiled, _compiled),
)
"""Ways to hold a problem in memory, in the order in which they are tried."""
