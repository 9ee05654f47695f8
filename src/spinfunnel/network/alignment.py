"""Alignment: one network's units renamed, and turned in sign, so that they lie where another's lie.

By weights (Ainsworth, Hayase, Srinivasa, Git Re-Basin, ICLR 2023): coordinate descent over the groups of units, each a
linear assignment. By activations (Li et al. 2016): units whose activations correlate most. Either way the aligned
network is the same function; that is checked on the data, and an alignment that fails the check is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from spinfunnel.landscape import InputError
from spinfunnel.network.data import leaves
from spinfunnel.network.landscape import NetworkLandscape
from spinfunnel.network.symmetry import Axis, Group, find_groups

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
        self.groups: tuple[Group, ...] = ()
        inputs = landscape.train[0] if isinstance(landscape.train, tuple) else landscape.train
        if not isinstance(inputs, Tensor) or landscape.objective.steps:
            self.reason = "only models of one input tensor, with a loss beside them, are aligned"
            return
        self._few = inputs[:64]
        try:
            varying = frozenset(block.name for block in landscape.layout)
            self.groups = find_groups(landscape.objective.module, self._few[:2], varying=varying)
        except InputError as error:
            self.reason = str(error)
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
        aligned = _vector(self.landscape, state).to(vector.dtype)
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

    def _change(self, one: Tensor, two: Tensor) -> float:
        """Largest difference of outputs on the data in units of their spread."""
        with torch.no_grad():
            a, b = (self._answer(vector) for vector in (one, two))
        spread = float((a - a.mean()).abs().max()) or 1.0
        return float((a - b).abs().max()) / spread

    def _answer(self, vector: Tensor) -> Tensor:
        kind = self.landscape.dtype
        batch = (self._few, self._few)
        answer = self.landscape.outputs(vector.to(self.landscape.device, kind), batch)
        return torch.cat([leaf.reshape(-1).double() for leaf in leaves(getattr(answer, "logits", answer))])

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
        from spinfunnel.network.symmetry import _Tracer

        module = self.landscape.objective.module
        traced = fx.GraphModule(module, _Tracer().trace(module))
        wanted = {group.node: group.units for group in self.groups if group.node}
        found: dict[str, NDArray[np.float64]] = {}

        class Recorder(fx.Interpreter):
            def run_node(self, node: fx.Node) -> Any:
                answer = super().run_node(node)
                if node.name in wanted and isinstance(answer, Tensor):
                    axis = next((at for at in (1, answer.ndim - 1) if answer.shape[at] == wanted[node.name]), None)
                    if axis is not None:
                        found[node.name] = answer.movedim(axis, -1).reshape(-1, answer.shape[axis]).double().numpy()
                return answer

        state = self.landscape.state(vector.to(self.landscape.device, self.landscape.dtype))
        before = {name: value.detach().clone() for name, value in module.named_parameters()}
        with torch.no_grad():
            try:
                for name, value in module.named_parameters():
                    value.copy_(state[name])
                Recorder(traced).run(self._few)
            finally:
                for name, value in module.named_parameters():
                    value.copy_(before[name])
        return found


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
    return _vector(landscape, state).to(vector.dtype)


def random_copy(landscape: NetworkLandscape, groups: Sequence[Group], vector: Tensor, *, seed: int) -> Tensor:
    """Copy of a network under symmetries drawn at random: the same function, elsewhere in the landscape."""
    rng = np.random.default_rng(seed)
    state = _state(landscape, vector)
    for group in groups:
        sign = rng.choice([-1.0, 1.0], group.units) if group.signs else np.ones(group.units)
        state = _renamed(state, group, rng.permutation(group.units), sign)
    return _vector(landscape, state).to(vector.dtype)


def symmetry_order(groups: Sequence[Group]) -> float:
    """Natural logarithm of the number of symmetric copies: permutations, times signs."""
    from scipy.special import gammaln

    return float(sum(gammaln(group.units + 1) + group.signs * group.units * np.log(2.0) for group in groups))


# ---------------------------------------------------------------------------------------------


def _state(landscape: NetworkLandscape, vector: Tensor) -> State:
    flat = vector.detach().cpu().double()
    return {name: value.numpy().copy() for name, value in landscape.state(flat).items()}


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
