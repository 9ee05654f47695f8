"""The verdict on landscapes of kinds that its calibration has not seen."""

import numpy as np
import pytest

import spinfunnel as sf
from spinfunnel.systems import SpinPolynomial, resolve
from spinfunnel.systems.own_function import FunctionLandscape


def planted(n=14, *, wrong=0.15, seed=1):
    """All pairs interact in favour of a random state, but for a share of them."""
    rng = np.random.default_rng(seed)
    native = rng.choice([-1.0, 1.0], n)
    pairs = np.stack(np.triu_indices(n, 1), axis=1)
    sign = np.where(rng.random(len(pairs)) < wrong, -1.0, 1.0)
    return SpinPolynomial(n, [(pairs, -sign * native[pairs].prod(axis=1))], name="planted", parameters={})


def counting(states):
    return -states.sum(axis=1, dtype=float)


def astray(states):
    """A trap of all bits: the slope leads to no bit set, the deepest state has all."""
    ones = states.sum(axis=1, dtype=float)
    return np.where(ones == states.shape[1], -float(states.shape[1]), 0.8 * (ones - states.shape[1] + 1))


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (planted, {"funnel"}),
        (lambda: resolve("ea:shape=3x4,bonds=bimodal", seed=2), {"undecided", "glass"}),
        (lambda: resolve("ea:shape=4x4,bonds=bimodal", seed=0), {"undecided", "glass"}),
        (lambda: resolve("labs:n=14"), {"glass"}),
        (lambda: resolve("golf:n=13,depth=0.01", seed=5), {"golf course"}),
        (lambda: resolve("rfim:shape=3x4,field=20", seed=2), {"smooth"}),
        (lambda: FunctionLandscape(counting, 12), {"smooth"}),
        (lambda: FunctionLandscape(astray, 12), {"golf course"}),
    ],
    ids=["planted", "+-J", "+-J again", "labs", "golf", "strong field", "counting", "astray"],
)  # fmt: skip
def test_no_wrong_answer_is_given(make, kinds):
    found = sf.study(make(), nulls=20)
    assert found.verdict.kind in kinds, found.verdict
