"""Heights between all minima of a sampled map are those of a flood, where many saddles lie at one height as well."""

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.explore.sample import chart
from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve

pytestmark = pytest.mark.quick


def difference(landscape):
    """Largest difference of minimax heights, over all pairs of minima; both maps hold the same minima."""
    exact = flood(landscape)
    found = study(
        landscape, explorer="tempering:rounds=16,quenches=6000", nulls=False, workers=1, measures=["minima"]
    ).graph
    assert set(found.key) == set(exact.key)
    assert found.saddle_exact.all()
    place = {key: number for number, key in enumerate(exact.key)}
    order = [place[key] for key in found.key]
    ours, known = merge_tree(found), merge_tree(exact)
    return max(
        float(np.abs(minimax_to(known, order[number])[order] - minimax_to(ours, number)).max())
        for number in range(found.minima)
    )


@pytest.mark.parametrize(
    "text", ["labs:n=13", "ea:shape=3x5,bonds=bimodal,boundary=open", "partition:n=12,bits=5", "sk:n=14"]
)
def test_heights_are_those_of_a_flood(text):
    landscape = resolve(text)
    assert difference(landscape) <= 1e-9 * landscape.size


def test_two_ways_out_at_one_height_may_hide_a_lower_pass(monkeypatch):
    """With all of them as edges of the tree, what they join is no longer flooded, and a height comes out too large."""
    monkeypatch.setattr(chart.Chart, "_parts", lambda self: PARTS(_AllTies(self)))
    assert difference(resolve("labs:n=13")) >= 1.0


PARTS = chart.Chart._parts


class _AllTies:
    """A chart whose parts are made of all its links."""

    def __init__(self, whole):
        self.whole = whole

    def __getattr__(self, name):
        return self.whole._pairs() if name == "_lowest" else getattr(self.whole, name)
