"""A user's own energy: a function of bit strings, or a landscape from a Python file."""

from __future__ import annotations

import hashlib
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.source import file_name
from spinfunnel.landscape import (
    Binary,
    InputError,
    Parameter,
    Progress,
    Symmetry,
    identity_hash,
    no_progress,
    state_bits,
)
from spinfunnel.landscape.assignments import read_value
from spinfunnel.landscape.kinds import Kind
from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems.function_ties import merge_levels, rounding_floor, to_grid
from spinfunnel.systems.own_energy import is_atoms
from spinfunnel.systems.ranges import LARGEST_ENERGY, check_range
from spinfunnel.systems.registry import parse_assignments, suggestion
from spinfunnel.systems.spins.from_object import spins_from
from spinfunnel.systems.spins.state_blocks import block_count, enumerated_bits

__all__ = ["FunctionLandscape", "is_landscape", "load_user_landscape", "smooth_or_binary"]

EnergyFunction = Callable[[NDArray[np.uint8]], Any]

NETWORK_OPTIONS: dict[str, type] = {
    "weight_decay": float,
    "batch_norm": str,
    "dropout": str,
    "samples": int,
    "device": str,
    "dtype": str,
}
"""Options of `network.NetworkLandscape` that can be given in the text beside the parameters of a user's function."""
BLOCK = 1 << 14
PROBES = 96
FLIPPED = 4096
"""Random states on which a global flip is looked for first."""
ENUMERATED = 24
"""Bits up to which it is then looked for on all states: 128 MB of energies, which are kept."""
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class FunctionLandscape:
    """A user's function of bit strings as a `Binary` landscape.

    Parameters
    ----------
    function : callable
        Maps states, an array of uint8 of shape (B, N) with any B >= 1, to B energies. Each energy must depend on its
        own row only.
    size : int
        Number of bits N, 1 to 62.
    name : str
    parameters : mapping
        For reports; part of the identity.
    symmetries : tuple of Symmetry, optional
        Believed after a test on random states. Unless they are given, the global flip is looked for: on all states up
        to 24 bits, on random ones beyond.
    source : bytes
        Text by which the function is identified; taken from the function where it is not given. A sample of its
        energies joins it, so that a function whose data changed is told apart.

    Raises
    ------
    InputError
        When a trial on random states returns a wrong shape, something else than finite numbers, or different
        energies for the same states in another order or another batch (beyond rounding), or raises an exception.

    Notes
    -----
    The function runs as ordinary Python in the calling thread (`workers` is not used: Python functions need not be
    safe in threads), on blocks of 16,384 states. Every answer is checked, and after an enumeration a sample is asked
    for again.

    Examples
    --------
    >>> ones = FunctionLandscape(lambda states: states.sum(axis=1), size=4, name="ones")
    >>> energies = np.empty(16)
    >>> ones.enumerate(energies)
    >>> energies[[0, 7, 15]].tolist()
    [0.0, 3.0, 4.0]
    """

    kind: ClassVar[Kind] = Kind.BINARY

    function: EnergyFunction
    size: int
    name: str = "function"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    symmetries: tuple[Symmetry, ...] = cast("tuple[Symmetry, ...]", None)
    source: bytes = b""
    floor: float = field(init=False, default=0.0)
    identity: str = field(init=False, default="")
    _known: list[NDArray[np.float64]] = field(init=False, default_factory=list, repr=False)

    def __post_init__(self) -> None:
        check_range("n", self.size, low=1, high=62)
        numbers = np.random.default_rng(0).integers(0, 1 << self.size, PROBES, dtype=np.uint64)
        numbers[:2] = 0, (1 << self.size) - 1
        states = state_bits(numbers, size=self.size)
        raw = self._asked(states)
        energies = raw.astype(np.float64)
        difference = self._check_again(states, energies)
        flip = Symmetry.global_flip(self.size)
        turned = self._asked(flip.apply(states)).astype(np.float64)
        if _first_difference(energies, turned) is None:
            difference = max(difference, float(np.abs(energies - turned).max()))
        put = object.__setattr__
        put(self, "floor", rounding_floor(energies, difference, dtype=raw.dtype))
        given = cast("tuple[Symmetry, ...] | None", self.symmetries)
        if given is None:
            put(self, "symmetries", (flip,) if self._flips(flip) else ())
        for symmetry in given or ():
            if sorted(symmetry.permutation) != list(range(self.size)) or len(symmetry.flips) != self.size:
                raise InputError(f"the symmetry {symmetry.name!r} does not permute {self.size} bits")
            place = _first_difference(energies, self._asked(symmetry.apply(states)).astype(np.float64))
            if place is not None:
                raise InputError(
                    f"{symmetry.name!r} is no symmetry of {self.name}: it "
                    f"changes the energy of state {_text(states[place])}"
                )
        content = hashlib.sha256(self.source or _source(self.function)).hexdigest()
        facts = {**self.parameters, "": [self.size, content]}
        with np.errstate(over="ignore"):
            put(self, "identity", identity_hash(self.name, facts, energies.astype(np.float32)))

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits, as multiples of the rounding floor."""
        return to_grid(self._asked(states).astype(np.float64), self.floor)

    def _asked(self, states: NDArray[np.uint8]) -> NDArray[Any]:
        """What the function says of states, checked."""
        bits = np.array(states, dtype=np.uint8, order="C")
        if bits.ndim != 2 or bits.shape[1] != self.size:
            raise InputError(f"states of {self.name} are rows of {self.size} bits, got an array of shape {bits.shape}")
        if len(bits) == 0:
            return np.zeros(0)
        try:
            # A division by zero shows as an energy that is not finite, and is refused with its state.
            with np.errstate(all="ignore"):
                answer = self.function(bits.copy())
        except (Exception, SystemExit) as error:
            raise InputError(
                f"{self.name} raised {type(error).__name__} on {len(bits)} states: {_short(error)}{_place(error)}"
            ) from error
        return self._checked(answer, bits)

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:  # noqa: ARG002
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        enumerated_bits(out, size=self.size)
        if self._known:
            out[:] = self._known[0][: len(out)]
            progress("energies", 1.0)
            return

        def block(first: int, last: int) -> None:
            numbers = np.arange(first * BLOCK, min(last * BLOCK, len(out)), dtype=np.uint64)
            out[numbers[0] : numbers[-1] + 1] = self.energy(state_bits(numbers, size=self.size))

        over_blocks(block, block_count(len(out), BLOCK), workers=1, progress=progress, stage="energies", block=1)
        sample = np.random.default_rng(1).integers(0, len(out), PROBES, dtype=np.uint64)
        self._check_again(state_bits(sample, size=self.size), out[sample.astype(np.int64)])
        merge_levels(out, self.floor)

    def _flips(self, flip: Symmetry) -> bool:
        """Whether the global flip leaves every energy alone, to within the rounding floor.

        One state may tell, as the hole of a golf course does; so all are asked where that is done in seconds, and kept
        for the map that is made of them.
        """
        numbers = np.random.default_rng(3).integers(0, 1 << self.size, FLIPPED, dtype=np.uint64)
        states = state_bits(numbers, size=self.size)
        apart = self._asked(states).astype(np.float64) - self._asked(flip.apply(states)).astype(np.float64)
        if bool(np.any(np.abs(apart) > self.floor)):
            return False
        if self.size > ENUMERATED:
            return True
        energies = np.empty(1 << self.size)
        self.enumerate(energies)
        half = len(energies) // 2
        # Rounding may part a state from its image by one step; that is merged where nothing larger parts them.
        if bool(np.any(np.abs(energies[:half] - energies[half:][::-1]) > 1.5 * self.floor)):
            self._known.append(energies)
            return False
        merge_levels(energies[:half], self.floor)
        energies[half:] = energies[:half][::-1]
        self._known.append(energies)
        return True

    def _checked(self, answer: Any, states: NDArray[np.uint8]) -> NDArray[Any]:
        count = len(states)
        try:
            raw = np.asarray(answer)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the object is the user's own
            raise InputError(
                f"{self.name} returned {type(answer).__name__}, which is no array of energies: {_short(error)}"
            ) from None
        if raw.shape != (count,):
            raise InputError(
                f"{self.name} returned an array of shape {raw.shape} for {count} "
                f"states; it must return one energy for each, shape ({count},)"
            )
        if np.ma.is_masked(answer):
            raise InputError(f"{self.name} returned masked values; every state needs an energy")
        if raw.dtype.kind not in "biuf":
            raise InputError(f"{self.name} returned {raw.dtype} values; energies must be real numbers")
        energies = raw.astype(np.float64)
        wrong = np.flatnonzero(~(np.abs(energies) <= LARGEST_ENERGY))
        if len(wrong):
            raise InputError(
                f"{self.name} returned {energies[wrong[0]]} for state "
                f"{_text(states[wrong[0]])}; energies must be finite numbers, at most {LARGEST_ENERGY:g} in size"
            )
        return raw

    def _check_again(self, states: NDArray[np.uint8], energies: NDArray[np.float64]) -> float:
        """Refuse a function that answers differently in another order, or alone; return what rounding alone did."""
        order = np.random.default_rng(2).permutation(len(states))
        turned = np.empty_like(energies)
        turned[order] = self._asked(states[order])
        alone = np.concatenate([self._asked(states[:3][row : row + 1]) for row in range(3)] + [energies[3:]])
        largest = 0.0
        for again in (self._asked(states).astype(np.float64), turned, alone):
            largest = max(largest, float(np.abs(energies - again).max()))
            place = _first_difference(energies, again)
            if place is not None:
                raise InputError(
                    f"{self.name} gave different energies for the same state "
                    f"{_text(states[place])}: {energies[place]} and then {again[place]}; "
                    "an energy must depend on its own state only (fix the "
                    "seed of what is random, once, outside of the function)"
                )
        return largest


def load_user_landscape(spec: str, *, seed: int | None = None) -> Binary:
    """Landscape from ``file.py:name`` or ``file.py:name:key=value,...``.

    The file runs as ordinary Python, with all that this allows: open only files that you trust. `name` is one of

    - a function of one array of bit strings (see `FunctionLandscape`). Its number of bits is ``n=...`` in the text,
      else the function's attribute ``n`` or ``size``, else the file's variable ``n`` or ``N``. Other parameters of the
      function, and ``seed``, can be given as ``key=value`` if they have defaults and a type;
    - a PyTorch energy of positions, (B, D) to (B,), whose D is ``dimension=...`` in the text, or an attribute of the
      function or a variable of the file of that name; likewise `box`, `species` and `step` (see
      `user_smooth.torch_function`), and ``device`` and ``dtype`` in the text;
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
    if any("dimension" in place for place in (arguments, vars(module), getattr(found, "__dict__", {}))):
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
            f"{file} failed while it was loaded: {type(error).__name__}: {_short(error)}{_place(error)}"
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
        return torch_function(function, space, name=said, parameters={}, source=_source(function), box=place, **facts)
    size = n if n is not None else getattr(function, "n", getattr(function, "size", None))
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise InputError(f"{said} does not say its number of bits: give n=..., or dimension=... for coordinates")
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
        raise InputError(f"{what} raised {type(error).__name__}: {_short(error)}{_place(error)}") from error


def _source(function: Any) -> bytes:
    """Text that identifies a function: its source, or else its byte code."""
    try:
        return inspect.getsource(function).encode()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return code.co_code + repr(code.co_names).encode() if code is not None else repr(type(function)).encode()


def _first_difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> int | None:
    """Place of the first two energies that differ by more than rounding."""
    scale = float(np.abs(a).max(initial=0.0))
    wrong = np.flatnonzero(np.abs(a - b) > TOLERANCE * max(scale, 1e-300))
    return int(wrong[0]) if len(wrong) else None


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else "no message"


def _place(error: BaseException) -> str:
    """Line of the user's own code at which an exception was raised."""
    last = None
    trace = error.__traceback__
    while trace is not None:
        last = trace
        trace = trace.tb_next
    return f" ({Path(last.tb_frame.f_code.co_filename).name}, line {last.tb_lineno})" if last is not None else ""


def _text(state: NDArray[np.uint8]) -> str:
    """A state as a bit string."""
    return "".join(map(str, state.tolist()))
