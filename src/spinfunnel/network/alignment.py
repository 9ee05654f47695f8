"""Alignment: one network's units renamed, and turned in sign, so that they lie where another's lie.

By weights (Ainsworth, Hayase, Srinivasa, Git Re-Basin, ICLR 2023): coordinate descent over the groups of units, each a
linear assignment. By activations (Li et al. 2016): units whose activations correlate most. Either way the aligned
network is the same function; that is checked on the data, and an alignment that fails the check is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from spinfunnel.landscape import InputError
from spinfunnel.network.data import leaves, mapped
from spinfunnel.network.loss_landscape import NetworkLandscape
from spinfunnel.network.objective import exact_attention
from spinfunnel.network.solutions import alignment_sentence
from spinfunnel.network.tracing import arguments, traced
from spinfunnel.network.unit_symmetry import Axis, Group, find_groups

__all__ = ["Alignment", "Method", "apply", "random_copy", "symmetry_order"]

Method: TypeAlias = Literal["weights", "activations"]
State: TypeAlias = dict[str, NDArray[np.float64]]
TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-8}
"""Largest change of an output, in units of the outputs' spread, that rounding explains."""
ROUNDS = 100


class Alignment:
    """Aligns weight vectors of one network.

    Parameters
    ----------
    landscape : NetworkLandscape

    Attributes
    ----------
    groups : tuple of Group
        Units that may be exchanged; empty where the model has none that are understood.
    reason : str
        Why there are none, in a sentence; empty where there are.

    Examples
    --------
    >>> from torch import nn
    >>> x = torch.eye(4)
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    >>> network = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, torch.tensor([0, 1, 0, 1])))
    >>> alignment = Alignment(network)
    >>> twin = random_copy(network, alignment.groups, network.start, seed=1)
    >>> (
    ...     bool(torch.allclose(twin, network.start)),
    ...     bool(torch.allclose(alignment(twin, to=network.start), network.start)),
    ... )
    (False, True)
    """

    def __init__(self, landscape: NetworkLandscape) -> None:
        self.landscape = landscape
        self.reason = ""
        self._few = mapped(landscape.train, lambda leaf: leaf[:64])
        self._inner, self.groups, problem = self._found()
        if problem:
            self.reason = problem
            return
        if landscape.batch_norm == "frozen":
            self.groups = tuple(group for group in self.groups if not _touches_statistics(landscape, group))
        if not self.groups:
            self.reason = "the model has no units that are known to be exchangeable"
            return
        copy = random_copy(landscape, self.groups, landscape.start, seed=20230501)
        change = self._change(landscape.start, copy)
        if change > TOLERANCE[landscape.dtype]:
            raise InputError(
                f"exchanging units changes the outputs of {landscape.name} by {change:.2g} of their spread, so "
                "that its solutions cannot be aligned: its forward pass treats units unlike"
            )

    def __call__(self, vector: Tensor, *, to: Tensor, method: Method = "weights") -> Tensor:
        """`vector` with its units renamed to lie nearest to those of the vector `to`.

        Raises
        ------
        InputError
            Where the aligned network is not the same function.
        """
        if not self.groups:
            return vector
        state, target = _state(self.landscape, vector), _state(self.landscape, to)
        if method == "activations":
            state = self._by_activations(state, vector, to)
        else:
            state = match(state, target, self.groups)
        aligned = _vector(self.landscape, state).to(vector)
        change = self._change(vector, aligned)
        if change > TOLERANCE[self.landscape.dtype]:
            raise InputError(
                f"aligning changed the outputs of {self.landscape.name} by {change:.2g} of their spread; "
                "the alignment is refused"
            )
        return aligned

    def all_to(self, vectors: Tensor, *, to: Tensor) -> Tensor:
        """Align several vectors (K, D) to one."""
        return torch.stack([self(vector, to=to) for vector in vectors]) if len(vectors) else vectors

    @property
    def sentence(self) -> str:
        """What was done, or why nothing was and what that means, in a sentence."""
        return alignment_sentence(self.reason)

    def _found(self) -> tuple[nn.Module, tuple[Group, ...], str]:
        """The module that was traced, its groups, and why there are none."""
        objective, problem = self.landscape.objective, ""
        varying = [block.name for block in self.landscape.layout]
        for prefix, module in _inside(objective.module, varying, deeper=objective.steps):
            calls = _Calls(module)
            with calls, torch.no_grad(), exact_attention():
                objective(mapped(self._few, lambda leaf: leaf[:2]))
            if not calls.given:
                continue
            own = frozenset(name.removeprefix(prefix) for name in varying)
            try:
                found = find_groups(module, *calls.given[0][0], named=calls.given[0][1], varying=own)
            except InputError as error:
                problem = problem or str(error)
                continue
            return module, tuple(_prefixed(group, prefix) for group in found), ""
        missing = "no module in it takes the inputs and holds all weights, so that its units are not known"
        return objective.module, (), problem or missing

    def _change(self, one: Tensor, two: Tensor) -> float:
        """Largest difference of outputs, or of the loss, on the data in units of their spread."""
        changes = []
        for a, b in zip(*(self._answer(vector) for vector in (one, two)), strict=True):
            spread = float((a - a.mean()).abs().max()) or 1.0
            changes.append(float((a - b).abs().max()) / spread)
        return max(changes)

    def _answer(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs of the traced module, and the loss."""
        calls = _Calls(self._inner)
        with calls, torch.no_grad(), exact_attention():
            loss = self.landscape.loss(vector.to(self.landscape.device, self.landscape.dtype), self._few)
        outputs = [leaf for answer in calls.answers for leaf in leaves(getattr(answer, "logits", answer))]
        return torch.cat([leaf.reshape(-1).double() for leaf in outputs]), loss.reshape(1).double()

    def _by_activations(self, state: State, vector: Tensor, to: Tensor) -> State:
        ours, theirs = (self._activations(one) for one in (vector, to))
        for group in self.groups:
            if group.node not in ours:
                continue
            a, b = theirs[group.node], ours[group.node]
            likeness = _standard(a).T @ _standard(b) / len(a)
            state = _renamed(state, group, *_assignment(likeness, signs=group.signs))
        return state

    def _activations(self, vector: Tensor) -> dict[str, NDArray[np.float64]]:
        """Activations (samples, units) at the node of each group."""
        whole, module = self.landscape.objective.module, self._inner
        wanted = {group.node: group.units for group in self.groups if group.node}
        found: dict[str, NDArray[np.float64]] = {}

        class Recorder(fx.Interpreter):
            def run_node(self, node: fx.Node) -> Any:
                answer = super().run_node(node)
                if node.name in wanted and isinstance(answer, Tensor):
                    axis = next((at for at in (1, answer.ndim - 1) if answer.shape[at] == wanted[node.name]), None)
                    if axis is not None:
                        found[node.name] = (
                            answer.movedim(axis, -1).reshape(-1, answer.shape[axis]).double().cpu().numpy()
                        )
                return answer

        state = self.landscape.state(vector.to(self.landscape.device, self.landscape.dtype))
        held = {name: value for name, value in whole.named_parameters() if name in state}
        before = {name: value.detach().clone() for name, value in held.items()}
        with torch.no_grad():
            try:
                for name, value in held.items():
                    value.copy_(state[name])
                calls = _Calls(module)
                with calls:
                    self.landscape.objective(self._few)
                graph = traced(module, *calls.given[0])
                Recorder(graph).run(*arguments(graph.graph, *calls.given[0]))
            finally:
                for name, value in held.items():
                    value.copy_(before[name])
        return found


class _Calls:
    """Within: what a module was called with, and what it answered."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self.given: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.answers: list[Any] = []

    def __enter__(self) -> None:
        def seen(_module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any], answer: Any) -> None:
            self.given.append((arguments, named))
            self.answers.append(answer)

        self._handle = self._module.register_forward_hook(seen, with_kwargs=True)

    def __exit__(self, *_problem: object) -> None:
        self._handle.remove()


def _inside(module: nn.Module, varying: Sequence[str], *, deeper: bool) -> Iterator[tuple[str, nn.Module]]:
    """The module and, where a step of its own computes the loss, those inside that hold all weights, with their names.

    A Lightning module's step may pass by its forward pass: then the network is the one inside that the step calls.
    """
    yield "", module
    if deeper:
        for name, part in module.named_modules():
            if name and all(entry.startswith(f"{name}.") for entry in varying):
                yield f"{name}.", part


def _prefixed(group: Group, prefix: str) -> Group:
    return replace(group, axes=tuple(replace(axis, parameter=prefix + axis.parameter) for axis in group.axes))


def match(state: State, target: State, groups: Sequence[Group]) -> State:
    """Rename units so that weights lie nearest to a target's: coordinate descent over the groups until none changes."""
    for _ in range(ROUNDS):
        moved = False
        for group in groups:
            likeness = np.zeros((group.units, group.units))
            for axis in group.axes:
                likeness += _view(target[axis.parameter], axis, group) @ _view(state[axis.parameter], axis, group).T
            order, sign = _assignment(likeness, signs=group.signs)
            matched = likeness[np.arange(group.units), order] * sign
            gain = float(matched.sum())
            if gain > np.trace(likeness) + 1e-9 * (1.0 + abs(gain)):
                state = _renamed(state, group, order, sign)
                moved = True
        if not moved:
            break
    return state


def apply(
    landscape: NetworkLandscape, group: Group, vector: Tensor, *, order: Sequence[int], sign: Sequence[float]
) -> Tensor:
    """Weights with unit k of a group replaced by unit ``order[k]``, times ``sign[k]``."""
    state = _renamed(_state(landscape, vector), group, np.asarray(order), np.asarray(sign, np.float64))
    return _vector(landscape, state).to(vector)


def random_copy(landscape: NetworkLandscape, groups: Sequence[Group], vector: Tensor, *, seed: int) -> Tensor:
    """Copy of a network under symmetries drawn at random: the same function, elsewhere in the landscape."""
    rng = np.random.default_rng(seed)
    state = _state(landscape, vector)
    for group in groups:
        sign = rng.choice([-1.0, 1.0], group.units) if group.signs else np.ones(group.units)
        state = _renamed(state, group, rng.permutation(group.units), sign)
    return _vector(landscape, state).to(vector)


def symmetry_order(groups: Sequence[Group]) -> float:
    """Natural logarithm of the number of symmetric copies: permutations, times signs."""
    from scipy.special import gammaln

    return float(sum(gammaln(group.units + 1) + group.signs * group.units * np.log(2.0) for group in groups))


# ---------------------------------------------------------------------------------------------


def _state(landscape: NetworkLandscape, vector: Tensor) -> State:
    flat = vector.detach().cpu().double()
    return {name: value.cpu().numpy().copy() for name, value in landscape.state(flat).items()}


def _vector(landscape: NetworkLandscape, state: Mapping[str, NDArray[np.float64]]) -> Tensor:
    return torch.cat(
        [torch.from_numpy(np.ascontiguousarray(state[block.name])).reshape(-1) for block in landscape.layout]
    )


def _view(value: NDArray[np.float64], axis: Axis, group: Group) -> NDArray[np.float64]:
    """A parameter as (units, everything else)."""
    moved = np.moveaxis(value, axis.axis, 0)
    cut = moved.reshape(axis.lead, group.units, axis.inner, -1)
    return np.moveaxis(cut, 1, 0).reshape(group.units, -1)


def _renamed(state: State, group: Group, order: NDArray[np.int64], sign: NDArray[np.float64]) -> State:
    found = dict(state)
    for axis in group.axes:
        value = found[axis.parameter]
        moved = np.moveaxis(value, axis.axis, 0)
        cut = moved.reshape(axis.lead, group.units, axis.inner, *moved.shape[1:])
        turned = cut[:, order] * sign.reshape(1, -1, *[1] * (cut.ndim - 2))
        found[axis.parameter] = np.moveaxis(turned.reshape(moved.shape), 0, axis.axis)
    return found


def _assignment(likeness: NDArray[np.float64], *, signs: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    from scipy.optimize import linear_sum_assignment

    wanted = np.abs(likeness) if signs else likeness
    rows, order = linear_sum_assignment(wanted, maximize=True)
    sign = np.where(likeness[rows, order] < 0.0, -1.0, 1.0) if signs else np.ones(len(order))
    return order, sign


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = values.std(axis=0)
    standard: NDArray[np.float64] = (values - values.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    return standard


def _touches_statistics(landscape: NetworkLandscape, group: Group) -> bool:
    """Whether a group acts on a batch norm whose running statistics stay where they are."""
    norms = {
        name
        for name, module in landscape.objective.module.named_modules()
        if getattr(module, "running_mean", None) is not None
    }
    return any(axis.parameter.rpartition(".")[0] in norms for axis in group.axes)
