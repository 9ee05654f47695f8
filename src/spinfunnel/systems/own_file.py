"""A user's own landscape from a Python file: a function, a network, atoms, or a model, by its name there."""

from __future__ import annotations

import hashlib
import inspect
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spinfunnel.formats.source import file_name
from spinfunnel.landscape import (
    Binary,
    InputError,
    Parameter,
    Symmetry,
)
from spinfunnel.landscape.assignments import read_value
from spinfunnel.systems.own_energy import is_atoms
from spinfunnel.systems.own_function import EnergyFunction, FunctionLandscape, place_of, short_reason, source_of
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.registry import parse_assignments, suggestion
from spinfunnel.systems.spins.from_object import spins_from

__all__ = ["is_landscape", "load_user_landscape", "smooth_or_binary"]

NETWORK_OPTIONS: dict[str, type] = {
    "weight_decay": float,
    "batch_norm": str,
    "dropout": str,
    "samples": int,
    "device": str,
    "dtype": str,
}
"""Options of `network.NetworkLandscape` that can be given in the text beside the parameters of a user's function."""


def load_user_landscape(spec: str, *, seed: int | None = None) -> Binary:
    """Landscape from ``file.py:name`` or ``file.py:name:key=value,...``.

    The file runs as ordinary Python, with all that this allows: open only files that you trust. `name` is one of

    - a function of one array of bit strings (see `FunctionLandscape`). Its number of bits is ``n=...`` in the text,
      else the function's attribute ``n`` or ``size``, else the file's variable ``n`` or ``N``. Other parameters of the
      function, and ``seed``, can be given as ``key=value`` if they have defaults and a type;
    - a PyTorch energy of positions, (B, D) to (B,), whose D is ``dimension=...`` in the text, or an attribute of the
      function or a variable of the file of that name; likewise `box`, `species` and `step` (see
      `user_smooth.torch_function`), and ``device`` and ``dtype`` in the text;
    - a function in a box: of positions (B, D), NumPy or PyTorch, or of one vector as SciPy has it, with ``bounds =
      (low, high)`` beside it, and where there are any ``dimension``, ``period`` and ``gradient`` (see
      `surfaces.box.box_function`); ``period=...`` and ``dimension=...`` can be given in the text, for several
      coordinates as ``1/0/1``;
    - ASE atoms with a calculator;
    - a landscape: anything with ``size``, ``energy``, ``enumerate``, ``symmetries``, ``identity``, ``name`` and
      ``parameters``;
    - a neural network: ``(model, loss, train)`` and the like (see `network.network_from`), whose options such as
      ``weight_decay`` and ``device`` can be given as ``key=value``, too;
    - a function without required parameters that returns one of these.

    Raises
    ------
    InputError
        For a file or name that is missing, a file that fails, and everything that `FunctionLandscape` refuses.
    """
    path, _, rest = spec.partition(":")
    name, _, text = rest.partition(":")
    if "=" in name:
        name, text = name.split(",", 1) if "," in name else ("", name)
    if not name:
        raise InputError(f"{spec!r} names no function: write {path}:name, or {path}:name:n=12")
    file = Path(path)
    given = parse_assignments(text, spec=spec) if text else {}
    module = _module(file)
    if not hasattr(module, name):
        known = [word for word in vars(module) if not word.startswith("_")]
        raise InputError(f"{path} defines no {name!r}{suggestion(name, known)}")
    found = getattr(module, name)
    arguments = dict(given)
    if callable(found) and not isinstance(found, type) and not is_landscape(found) and not _required(found):
        if "n" not in _known(found):
            arguments.pop("n", None)
        settings = {key: arguments.pop(key) for key in NETWORK_OPTIONS.keys() & arguments.keys() - _known(found).keys()}
        seeded = "seed" in _known(found) and seed is not None
        found = _called(found, arguments, seed=seed, what=f"{path}:{name}")
        if _is_network(found):
            facts = ({"seed": str(seed)} if seeded else {}) | arguments
            return _network(found, facts, settings, what=f"{path}:{name}")
        arguments = {"n": given["n"]} if "n" in given else {}
        if settings:
            raise InputError(f"{path}:{name} has no parameter {min(settings)!r}, and returned no network that has")
    return _landscape_of(found, given, arguments, module=module, what=f"{path}:{name}", seed=seed)


def _landscape_of(
    found: Any,
    given: dict[str, str],
    arguments: dict[str, str],
    *,
    module: types.ModuleType,
    what: str,
    seed: int | None,
) -> Any:
    """Landscape of what a name in a user's file stands for."""
    if is_landscape(found):
        return found
    if _is_network(found):
        return _network(found, {}, given, what=what)
    if is_atoms(found):
        return _atoms(found, given, what=what)
    spins = spins_from(found, name=f"{file_name(Path(what.rpartition(':')[0]))}:{what.rpartition(':')[2]}")
    if spins is not None:
        return spins
    if not callable(found):
        raise InputError(
            f"{what} is {type(found).__name__}, neither a function of bit strings, a landscape nor a network: "
            "for one, return (model, loss, train)"
        )
    places = (arguments, vars(module), getattr(found, "__dict__", {}))
    if any("bounds" in place or "period" in place for place in places):
        return _in_box(found, arguments, module=module, what=what, seed=seed)
    if any("dimension" in place for place in places):
        return _smooth(found, arguments, module=module, what=what, seed=seed)
    return _wrapped(found, arguments, module=module, what=what, seed=seed)


def _wrapped(
    function: Any, given: dict[str, str], *, module: types.ModuleType, what: str, seed: int | None
) -> FunctionLandscape:
    """Landscape of a function of bit strings."""
    texts = dict(given)
    size: Any = read_value("n", texts.pop("n"), int) if "n" in texts else None
    for place, word in ((function, "n"), (function, "size"), (module, "n"), (module, "N")):
        size = getattr(place, word, None) if size is None else size
    try:
        bits = int(size)
    except (TypeError, ValueError):
        raise InputError(
            f"{what} does not say its number of bits: write {what}:n=12, "
            f"or set {what.rpartition(':')[2]}.n = 12 in the file"
        ) from None
    options = _options(function, texts, seed=seed, what=what)
    check_range("n", bits, low=1, high=62)
    source = Path(str(module.__file__)).read_bytes()
    name = file_name(Path(what.rpartition(":")[0])) + ":" + what.rpartition(":")[2]
    call: EnergyFunction = (lambda states: function(states, **options)) if options else function
    symmetries = _declared(function, module, bits=bits, what=what)
    facts: dict[str, Parameter] = {"n": bits, **options}
    if symmetries is None:
        return FunctionLandscape(call, bits, name=name, parameters=facts, source=source)
    return FunctionLandscape(call, bits, name=name, parameters=facts, source=source, symmetries=symmetries)


def _declared(function: Any, module: types.ModuleType, *, bits: int, what: str) -> tuple[Symmetry, ...] | None:
    """Symmetries that a user's file declares; None where it says nothing, so that they are looked for."""
    word = getattr(function, "symmetry", getattr(module, "symmetry", None))
    if word is None:
        return None
    known = {"flip": (Symmetry.global_flip(bits),), "none": ()}
    if word not in known:
        raise InputError(f"{what} declares the symmetry {word!r}; write symmetry = 'flip', or 'none'")
    return known[word]


def _module(file: Path) -> types.ModuleType:
    """Run a Python file as a module of its own, with its folder on the import path meanwhile."""
    try:
        code = compile(file.read_bytes(), str(file), "exec")
    except FileNotFoundError:
        raise InputError(f"{file} does not exist") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InputError(f"{file}{line} is no valid Python: {getattr(error, 'msg', error)}") from None
    module = types.ModuleType(f"spinfunnel_user_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        exec(code, module.__dict__)  # noqa: S102 - running the user's own file is what was asked for
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{file} failed while it was loaded: {type(error).__name__}: {short_reason(error)}{place_of(error)}"
        ) from error
    finally:
        sys.path.remove(str(file.resolve().parent))
    return module


def smooth_or_binary(function: Any, *, n: int | None, dimension: int | None, box: Any = None, name: str | None) -> Any:
    """Landscape of a function in memory: of bit strings, or of tensors where it has a dimension.

    Raises
    ------
    InputError
        Where it says neither its number of bits nor its dimension, and all that the two kinds refuse.
    """
    from spinfunnel.systems.own_energy import torch_function

    said = name or str(getattr(function, "__name__", type(function).__name__))
    if n is not None and dimension is not None:
        raise InputError(f"{said} has n={n} bits and dimension={dimension} coordinates; give one of them")
    space = dimension if dimension is not None or n is not None else getattr(function, "dimension", None)
    if space is not None:
        facts = {key: getattr(function, key, None) for key in ("species", "step")}
        place = box if box is not None else getattr(function, "box", None)
        return torch_function(function, space, name=said, parameters={}, source=source_of(function), box=place, **facts)
    size = n if n is not None else getattr(function, "n", getattr(function, "size", None))
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise InputError(f"{said} does not say its number of bits: give n=..., or bounds=(low, high) for coordinates")
    check_range("n", int(size), low=1, high=62)
    return FunctionLandscape(function, int(size), name=said, parameters={"n": int(size)})


def is_landscape(found: Any) -> bool:
    """Whether something is a landscape already."""
    return not isinstance(found, type) and all(
        hasattr(found, word) for word in ("energy", "identity", "name", "parameters")
    )


def _is_network(found: Any) -> bool:
    """Whether a PyTorch module is in it; without PyTorch loaded there is none."""
    if "torch" not in sys.modules or is_landscape(found):
        return False
    from spinfunnel.network import is_network

    return is_network(found)


def _network(found: Any, given: Mapping[str, str], settings: Mapping[str, str], *, what: str) -> Any:
    """Landscape of a neural network from a user's file."""
    from spinfunnel.network import network_from

    read: dict[str, Any] = {}
    for key, text in settings.items():
        if key not in NETWORK_OPTIONS:
            raise InputError(f"{what} has no parameter {key!r}{suggestion(key, list(NETWORK_OPTIONS))}")
        read[key] = read_value(key, text, _kind(NETWORK_OPTIONS[key]))
    name = file_name(Path(what.rpartition(":")[0])) + ":" + what.rpartition(":")[2]
    return network_from(found, name=name, parameters=dict(given), **read)


def _atoms(found: Any, given: Mapping[str, str], *, what: str) -> Any:
    """Landscape of ASE atoms from a user's file."""
    from spinfunnel.systems.atoms.ase_atoms import from_atoms

    name = file_name(Path(what.rpartition(":")[0])) + ":" + what.rpartition(":")[2]
    return from_atoms(found, name=name, parameters=dict(given))


def _smooth(function: Any, given: dict[str, str], *, module: types.ModuleType, what: str, seed: int | None) -> Any:
    """Landscape of a PyTorch energy from a user's file."""
    from spinfunnel.systems.own_energy import torch_function

    texts = dict(given)
    place = {key: texts.pop(key) for key in ("device", "dtype") if key in texts}
    size: Any = texts.pop("dimension", None)
    facts = {key: getattr(function, key, getattr(module, key, None)) for key in ("dimension", "box", "species", "step")}
    facts["dimension"] = size or facts["dimension"]
    options = _options(function, texts, seed=seed, what=what)
    call = (lambda position: function(position, **options)) if options else function
    name = file_name(Path(what.rpartition(":")[0])) + ":" + what.rpartition(":")[2]
    source = Path(str(module.__file__)).read_bytes()
    landscape = torch_function(call, name=name, parameters=options, source=source, **facts)
    return landscape.on(**place) if place else landscape


def _in_box(function: Any, given: dict[str, str], *, module: types.ModuleType, what: str, seed: int | None) -> Any:
    """Landscape of a function in a box from a user's file: NumPy or PyTorch, of a batch or of one vector."""
    from spinfunnel.systems.surfaces.box import box_function

    texts = dict(given)
    said: dict[str, Any] = {
        key: tuple(_number(key, word) for word in texts.pop(key).split("/"))
        for key in ("low", "high", "period")
        if key in texts
    }
    size: Any = texts.pop("dimension", None)
    facts = {
        key: getattr(function, key, getattr(module, key, None))
        for key in ("dimension", "bounds", "period", "gradient", "box")
    }
    bounds = facts["bounds"] if facts["bounds"] is not None else facts["box"]
    if "low" in said and "high" in said:
        bounds = tuple(end[0] if len(end) == 1 else end for end in (said["low"], said["high"]))
    if bounds is None:
        raise InputError(f"{what} has no bounds: set bounds = (low, high) in the file")
    period = said.get("period", facts["period"])
    options = _options(function, texts, seed=seed, what=what)
    call = (lambda position: function(position, **options)) if options else function
    dimension = facts["dimension"] if size is None else _number("dimension", size)
    return box_function(
        call,
        bounds=bounds,
        name=file_name(Path(what.rpartition(":")[0])) + ":" + what.rpartition(":")[2],
        dimension=None if dimension is None else int(dimension),
        period=period[0] if isinstance(period, tuple) and len(period) == 1 else period,
        gradient=facts["gradient"],
        parameters=options,
        source=Path(str(module.__file__)).read_bytes(),
    )


def _number(key: str, text: str) -> float:
    """Number that a text gives."""
    value = read_value(key, text, float)
    assert isinstance(value, float)  # noqa: S101 - it was read as one
    return value


def _known(function: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _required(function: Any) -> bool:
    """Whether a function needs an argument (one whose signature is unknown is taken to)."""
    known = _known(function)
    return (not known and not inspect.isroutine(function)) or any(
        entry.default is entry.empty and entry.kind != entry.VAR_KEYWORD for entry in known.values()
    )


def _options(function: Any, texts: dict[str, str], *, seed: int | None, what: str) -> dict[str, Parameter]:
    """Keyword arguments of a user's function, from text."""
    known = {name: entry for name, entry in _known(function).items() if entry.default is not entry.empty}
    for key in texts:
        if key not in known:
            raise InputError(f"{what} has no parameter {key!r} with a default{suggestion(key, list(known))}")
    options: dict[str, Parameter] = {}
    for key, text in texts.items():
        options[key] = read_value(key, text, _kind(type(known[key].default)))
    if seed is not None and "seed" in known:
        options.setdefault("seed", seed)
    return options


def _kind(default: type) -> Any:
    """Kind of value that is read for a parameter whose default has this type."""
    return tuple[int, ...] if default is tuple else default if default in (int, float, bool) else str


def _called(factory: Any, texts: dict[str, str], *, seed: int | None, what: str) -> Any:
    options = _options(factory, texts, seed=seed, what=what)
    try:
        return factory(**options)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{what} raised {type(error).__name__}: {short_reason(error)}{place_of(error)}") from error
