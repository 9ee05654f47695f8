"""Systems: everything that has an energy, by name, from a file, or from a user's function.

`SYSTEMS` is the one list; `resolve` turns what a user types into a landscape.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spinfunnel.formats.cambridge import CambridgeDatabase, is_database, load_database
from spinfunnel.formats.source import ending_of
from spinfunnel.formats.structure_files import PROTEINS, is_protein
from spinfunnel.landscape import InputError, Landscape
from spinfunnel.landscape.assignments import shown
from spinfunnel.landscape.plugins import Registry
from spinfunnel.systems.atoms.ase_atoms import CALCULATORS, AseLandscape, ase_atoms
from spinfunnel.systems.atoms.bln_protein import bln_protein
from spinfunnel.systems.atoms.calpha import calpha_protein
from spinfunnel.systems.atoms.pair_potentials import binary_lennard_jones, lennard_jones, morse
from spinfunnel.systems.atoms.structure_reading import is_structure
from spinfunnel.systems.chains.heteropolymers import frustrated_heteropolymer, lattice_go, lattice_protein
from spinfunnel.systems.chains.hp import hp_protein
from spinfunnel.systems.from_memory import object_landscape
from spinfunnel.systems.networks.perceptron import perceptron
from spinfunnel.systems.own_file import load_user_landscape
from spinfunnel.systems.own_function import FunctionLandscape
from spinfunnel.systems.registry import System, SystemParameter, build_from_text, suggestion
from spinfunnel.systems.spins.committee import BinaryNetwork, binary_network
from spinfunnel.systems.spins.dill_chan import DillChan, dill_chan
from spinfunnel.systems.spins.fitted import fitted_model
from spinfunnel.systems.spins.from_problem import exists, landscape_of_problem, load_problem, split_options
from spinfunnel.systems.spins.glasses import (
    disordered_ferromagnet,
    edwards_anderson,
    p_spin_glass,
    random_field_ising,
    sherrington_kirkpatrick,
)
from spinfunnel.systems.spins.golf import GolfCourse, golf_course
from spinfunnel.systems.spins.hopfield import hopfield_memory
from spinfunnel.systems.spins.low_autocorrelation import low_autocorrelation
from spinfunnel.systems.spins.multiscale import multiscale_glass, multiscale_native_state
from spinfunnel.systems.spins.optimisation import maximum_cut, number_partitioning
from spinfunnel.systems.spins.polynomial import SpinPolynomial
from spinfunnel.systems.spins.rem import RandomEnergyModel, random_energy_model
from spinfunnel.systems.surfaces.pspin_sphere import SphericalPSpin, spherical_p_spin
from spinfunnel.systems.surfaces.textbook import double_wells, himmelblau, mueller_brown, quadratic, six_hump_camel
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape
from spinfunnel.systems.surfaces.xy import xy_lattice

__all__ = [
    "SYSTEMS",
    "AseLandscape",
    "BinaryNetwork",
    "CambridgeDatabase",
    "DillChan",
    "FunctionLandscape",
    "GolfCourse",
    "RandomEnergyModel",
    "SphericalPSpin",
    "SpinPolynomial",
    "System",
    "SystemParameter",
    "TorchLandscape",
    "ase_atoms",
    "binary_lennard_jones",
    "binary_network",
    "bln_protein",
    "calpha_protein",
    "dill_chan",
    "disordered_ferromagnet",
    "double_wells",
    "edwards_anderson",
    "fitted_model",
    "frustrated_heteropolymer",
    "golf_course",
    "himmelblau",
    "hopfield_memory",
    "hp_protein",
    "landscape_from",
    "landscape_of_problem",
    "lattice_go",
    "lattice_protein",
    "lennard_jones",
    "load_database",
    "load_problem",
    "load_user_landscape",
    "low_autocorrelation",
    "maximum_cut",
    "morse",
    "mueller_brown",
    "multiscale_glass",
    "multiscale_native_state",
    "number_partitioning",
    "p_spin_glass",
    "perceptron",
    "quadratic",
    "random_energy_model",
    "random_field_ising",
    "rebuilt",
    "resolve",
    "sherrington_kirkpatrick",
    "six_hump_camel",
    "spherical_p_spin",
    "xy_lattice",
]

SYSTEMS: Registry[System] = Registry(
    "spinfunnel.systems",
    System,
    (
        System(
            "sk",
            sherrington_kirkpatrick,
            "Sherrington-Kirkpatrick spin glass, every pair coupled; bias adds a ferromagnetic mean",
            "Sherrington, Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975)",
            example="sk:n=9",
        ),
        System(
            "ea",
            edwards_anderson,
            "Edwards-Anderson spin glass on a lattice of any dimension",
            "Edwards, Anderson, J. Phys. F 5, 965 (1975)",
            example="ea:shape=3x3",
        ),
        System(
            "dfm",
            disordered_ferromagnet,
            "disordered ferromagnet, couplings |N(0,1)|: a spin funnel",
            "Garstecki, Hoang, Cieplak, Phys. Rev. E 60, 3219 (1999)",
            example="dfm:shape=3x4",
        ),
        System(
            "rfim",
            random_field_ising,
            "Ising ferromagnet in a random field",
            "Imry, Ma, Phys. Rev. Lett. 35, 1399 (1975)",
            example="rfim:shape=3x3,field=0.7",
        ),
        System(
            "pspin",
            p_spin_glass,
            "fully connected Ising p-spin glass",
            "Derrida, Phys. Rev. B 24, 2613 (1981)",
            example="pspin:n=10",
        ),
        System(
            "multiscale",
            multiscale_glass,
            "multi-scale, multi-spin glass with a dial from full to minimal frustration",
            "Martin, Why Does Deep Learning Work? (2015); Bryngelson, Wolynes, PNAS 84, 7524 (1987)",
            example="multiscale:n=10",
        ),
        System(
            "rem",
            random_energy_model,
            "random energy model; slope adds a funnel toward a target",
            "Derrida, Phys. Rev. B 24, 2613 (1981)",
            example="rem:n=10",
        ),
        System(
            "hopfield",
            hopfield_memory,
            "Hopfield memory with Hebb's rule",
            "Hopfield, PNAS 79, 2554 (1982)",
            example="hopfield:n=10,patterns=3",
        ),
        System(
            "fit",
            fitted_model,
            "maximum-entropy model fitted to a table of observations: fit:file=data.csv",
            "Schneidman, Berry, Segev, Bialek, Nature 440, 1007 (2006)",
            example="fit:n=8,samples=2000",
        ),
        System(
            "labs",
            low_autocorrelation,
            "low autocorrelation binary strings",
            "Bernasconi, J. Physique 48, 559 (1987); Packebusch, Mertens, J. Phys. A 49, 165001 (2016)",
            example="labs:n=9",
        ),
        System(
            "maxcut",
            maximum_cut,
            "maximum cut of a random graph, E = (sum of weights) - 2 cut",
            "Helmberg, Rendl, SIAM J. Optim. 10, 673 (2000)",
            example="maxcut:n=9",
        ),
        System(
            "partition",
            number_partitioning,
            "number partitioning, E = (difference of the two sums) squared",
            "Mertens, Phys. Rev. Lett. 81, 4281 (1998)",
            example="partition:n=9",
        ),
        System(
            "golf",
            golf_course,
            "Levinthal's golf course: flat, with one hole",
            "Dill, Chan, Nat. Struct. Biol. 4, 10 (1997)",
            example="golf:n=9,depth=3",
        ),
        System(
            "dill-chan",
            dill_chan,
            "golf course, moat, champagne glass, rugged or smooth funnel: energy by the number of wrong residues",
            "Dill, Chan, Nat. Struct. Biol. 4, 10 (1997)",
            example="dill-chan:n=9",
        ),
        System(
            "hp",
            hp_protein,
            "HP lattice protein in the plane or in space",
            "Lau, Dill, Macromolecules 22, 3986 (1989)",
            example="hp:sequence=HPPHPH",
        ),
        System(
            "go",
            lattice_go,
            "lattice Go model: the contacts of a native structure, and no others",
            "Taketomi, Ueda, Go, Int. J. Pept. Protein Res. 7, 445 (1975)",
            example="go:n=9",
        ),
        System(
            "protein",
            lattice_protein,
            "lattice protein of twenty or three letters: a sequence, one designed for a structure, or a random one",
            "Miyazawa, Jernigan, J. Mol. Biol. 256, 623 (1996); Shakhnovich, Gutin, PNAS 90, 7195 (1993)",
            example="protein:n=8",
        ),
        System(
            "heteropolymer",
            frustrated_heteropolymer,
            "lattice chain with random contact energies and a dial of frustration",
            "Bryngelson, Wolynes, PNAS 84, 7524 (1987); Shakhnovich, Gutin, Biophys. Chem. 34, 187 (1989)",
            example="heteropolymer:n=8",
        ),
        System(
            "committee",
            binary_network,
            "neural network with binary weights on a teacher's, random or real labels",
            "Barkai, Hansel, Kanter, Phys. Rev. Lett. 65, 2312 (1990); "
            "Baldassi et al., Phys. Rev. Lett. 115, 128101 (2015)",
            example="committee:inputs=3,hidden=3",
        ),
        System(
            "network",
            perceptron,
            "multilayer perceptron on real or random labels; one of your own: file.py:name",
            "Goodfellow, Vinyals, Saxe, ICLR (2015); Choromanska et al., AISTATS (2015)",
            example="network:width=2",
        ),
        System(
            "quadratic",
            quadratic,
            "bowl with a given ratio of its curvatures: one minimum",
            "textbook",
            example="quadratic:n=3",
        ),
        System(
            "double-well",
            double_wells,
            "independent double wells in turned axes: 3^n stationary points, all known",
            "textbook",
            example="double-well:n=3",
        ),
        System(
            "mueller-brown",
            mueller_brown,
            "Mueller-Brown surface: three minima, two saddles",
            "Mueller, Brown, Theor. Chim. Acta 53, 75 (1979)",
            example="mueller-brown:scale=1",
        ),
        System(
            "camel",
            six_hump_camel,
            "six-hump camel: 15 stationary points",
            "Dixon, Szegoe, Towards Global Optimisation 2 (1978)",
            example="camel",
        ),
        System(
            "himmelblau",
            himmelblau,
            "Himmelblau's surface: nine stationary points",
            "Himmelblau, Applied Nonlinear Programming (1972)",
            example="himmelblau",
        ),
        System(
            "spherical-pspin",
            spherical_p_spin,
            "spherical p-spin model: the loss of a network in the theory of Choromanska et al.",
            "Crisanti, Sommers, Z. Phys. B 87, 341 (1992); Choromanska et al., AISTATS (2015)",
            example="spherical-pspin:n=7",
        ),
        System(
            "xy",
            xy_lattice,
            "XY magnet, XY spin glass or gauge glass on a lattice",
            "Ebner, Stroud, Phys. Rev. B 31, 165 (1985)",
            example="xy:shape=3x3",
        ),
        System(
            "bln",
            bln_protein,
            "46-bead model protein of three kinds of beads; interactions=go is its unfrustrated variant",
            "Honeycutt, Thirumalai, PNAS 87, 3526 (1990); Miller, Wales, J. Chem. Phys. 111, 6610 (1999)",
            example="bln:sequence=BBLNNNLBL",
        ),
        System(
            "calpha",
            calpha_protein,
            "structure-based (Go) protein of C-alpha beads from a PDB or mmCIF file",
            "Clementi, Nymeyer, Onuchic, J. Mol. Biol. 298, 937 (2000)",
            example="calpha:contacts=calpha",
        ),
        System(
            "ase",
            ase_atoms,
            "cluster or molecule with the energy of any ASE calculator",
            "Hjorth Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
            example="ase:formula=Cu4",
            closed={"calculator": tuple(CALCULATORS)},
        ),
        System(
            "lj",
            lennard_jones,
            "Lennard-Jones cluster in reduced units",
            "Wales, Doye, J. Phys. Chem. A 101, 5111 (1997)",
            example="lj:atoms=5",
        ),
        System(
            "blj",
            binary_lennard_jones,
            "Lennard-Jones cluster of two sizes of atoms",
            "Doye, Meyer, Phys. Rev. Lett. 95, 063401 (2005)",
            example="blj:atoms=5,small=2",
        ),
        System(
            "morse",
            morse,
            "Morse cluster; rho is the stiffness of the pair",
            "Doye, Wales, J. Chem. Soc., Faraday Trans. 93, 4233 (1997)",
            example="morse:atoms=5",
        ),
    ),
)


def resolve(spec: str, *, seed: int | None = None) -> Landscape:
    """Landscape that a text names.

    Parameters
    ----------
    spec : str
        ``name`` or ``name:key=value,...`` of `SYSTEMS`; the path of a problem file (see `load_problem`), perhaps with
        what it does not say itself (``file.txt:vartype=SPIN``, ``file.csv:as=qubo``, ``file.lp:penalty=10``,
        ``file.txt:format=biqmac``), or of a structure (``calpha:file=...`` for a protein, ``ase:file=...`` for other
        atoms); the folder of a Cambridge database, or its ``min.data`` (see `load_database`); or
        ``file.py:name``, ``file.py:name:key=value,...`` for a function of the user's own (see `load_user_landscape`).
    seed : int, optional
        Of the disorder, for systems that draw any; a seed within `spec` goes before it.

    Raises
    ------
    InputError
        Saying in one sentence what is wrong with the text or the file, with a suggestion for a misspelled name.

    Examples
    --------
    >>> resolve("ea:shape=3x3", seed=4).parameters["seed"]
    4
    >>> resolve("skk")
    Traceback (most recent call last):
    ...
    spinfunnel.InputError: 'skk' is neither a system (did you mean 'sk'?) nor a file; `spinfunnel systems`
    lists the systems
    """
    name, colon, rest = spec.strip().partition(":")
    if not name:
        raise InputError(f"{shown(spec)} names no system and no file; `spinfunnel systems` lists the systems")
    if name in SYSTEMS:
        return build_from_text(SYSTEMS[name], rest if colon else None, spec=spec, seed=seed)
    if name.endswith(".py"):
        return load_user_landscape(spec.strip(), seed=seed)
    structure = _structure_with_options(spec.strip(), seed=seed)
    if structure is not None:
        return structure
    path, given = split_options(spec.strip())
    if given:
        return load_problem(path, **given)
    if not exists(path) and (colon or not (path.suffix or len(path.parts) > 1)):
        raise InputError(
            f"{shown(name)} is neither a system{suggestion(name[:60], list(SYSTEMS))} "
            "nor a file; `spinfunnel systems` lists the systems"
        )
    if not exists(path):
        return load_database(path) if path.name == "min.data" else load_problem(path)
    if path.is_file() and (is_structure(path) or ending_of(path) in PROTEINS):
        return _structure(path, seed=seed)
    if is_database(path):
        return load_database(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder, and holds no min.data of a Cambridge database")
    return load_problem(path)


def landscape_from(
    anything: Any,
    *,
    name: str | None = None,
    seed: int | None = None,
    n: int | None = None,
    dimension: int | None = None,
    box: Any = None,
    bounds: Any = None,
    period: Any = None,
    gradient: Any = None,
    as_: str | None = None,
    vartype: str | None = None,
    penalty: float | None = None,
    loss: Any = None,
    data: Any = None,
    test: Any = None,
) -> Any:
    """Landscape of anything that has an energy, however it is spelled.

    Parameters
    ----------
    anything : object
        A landscape; a text or a path (see `resolve`); a model of dimod, constrained ones included; a NetworkX graph,
        whose maximum cut it is; a square matrix; ``(h, J)`` or a mapping of pairs; a compiled PyQUBO model; ASE atoms
        with a calculator; a function of bit strings with `n`, of coordinates with `bounds`, or of tensors with
        `dimension`; a PyTorch module with `loss` and `data`, or what `network.network_from` takes.
    name : str, optional
    seed : int, optional
        Of the disorder of a system that is named.
    n, dimension : int, optional
        Number of bits, or of coordinates, of a function.
    box : (low, high), optional
        Where the starts of a function of tensors lie.
    bounds : (low, high), or pairs
        Walls of a function of coordinates, NumPy or PyTorch, of a batch (B, D) or of one vector as SciPy has it.
    period, gradient : optional
        Of a function with bounds (see `surfaces.box.box_function`).
    as_ : {"ising", "qubo"}, optional
        What a matrix or a mapping means.
    vartype : {"SPIN", "BINARY"}, optional
        What the variables of a file are, where it does not say.
    penalty : float, optional
        Weight of constraints.
    loss, data, test
        Of a PyTorch module.

    Raises
    ------
    InputError
        For what is none of these, what each of them refuses, and options that do not belong to it.

    Examples
    --------
    >>> landscape_from([[-1.0, 2.0], [0.0, -1.0]], as_="qubo").size
    2
    >>> landscape_from("sk:n=8", seed=3).parameters["seed"]
    3
    >>> landscape_from(
    ...     lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2, bounds=[(-2, 2), (-1, 1)], name="two wells"
    ... ).dimension
    2
    """
    reading: dict[str, Any] = {
        key: value for key, value in (("as_", as_), ("vartype", vartype), ("penalty", penalty)) if value is not None
    }
    facts = {
        "n": n, "dimension": dimension, "box": box, "bounds": bounds, "period": period, "gradient": gradient,
        "loss": loss, "data": data, "test": test, "name": name,
    }  # fmt: skip
    said = {key: value for key, value in facts.items() if value is not None}
    if not isinstance(anything, str | Path):
        if seed is not None:
            raise InputError("a seed is that of a system which is named; leave seed=... out")
        return object_landscape(anything, **said, **reading)
    if said:
        raise InputError(f"a name or a path takes no {min(said)}=...; leave it out")
    return load_problem(anything, **reading) if reading else resolve(str(anything), seed=seed)


def rebuilt(name: str, parameters: Mapping[str, Any]) -> Landscape | None:
    """Landscape of a system that an atlas names, or None where that cannot be made.

    What an atlas holds may come from anybody. So the values must be of the kinds that the system takes, and nothing
    that they name is imported: calculators are those of a closed list.

    Examples
    --------
    >>> rebuilt("sk", {"n": 4, "seed": 1}).size
    4
    >>> rebuilt("ase", {"formula": "Cu4", "calculator": "os.system"}) is None
    True
    """
    if name not in SYSTEMS:
        return None
    # A network says more of itself than it takes: its model, its loss, the number of its weights.
    taken = {entry.name for entry in SYSTEMS[name].parameters}
    own = {key: value for key, value in parameters.items() if key in taken}
    if not SYSTEMS[name].allows(own):
        return None
    try:
        landscape: Landscape = SYSTEMS[name].build(**own)
    except (ValueError, TypeError, ArithmeticError, MemoryError):
        return None
    return landscape


def _structure_with_options(spec: str, *, seed: int | None) -> Landscape | None:
    """Landscape of ``slab.traj:frame=0,calculator=emt``; None where the text is no such thing."""
    head, colon, tail = spec.rpartition(":")
    path = Path(head)
    if not colon or "=" not in tail or exists(Path(spec)) or not exists(path) or not is_structure(path):
        return None
    return build_from_text(SYSTEMS["ase"], f"file={head},{tail}", spec=spec, seed=seed)


def _structure(path: Path, *, seed: int | None) -> Landscape:
    """Landscape of a structure file: a protein becomes a structure-based model, all else is for an ASE calculator."""
    protein = ending_of(path) in PROTEINS and is_protein(path)
    landscape: Landscape = SYSTEMS["calpha" if protein else "ase"].build(file=str(path), seed=seed or 0)
    return landscape
