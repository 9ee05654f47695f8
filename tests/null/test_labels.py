"""A network beside itself with shuffled labels, on the road that every landscape takes."""

from __future__ import annotations

import spinfunnel as sf
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.systems import resolve

FEW = "training:networks=2,rounds=0,epochs=5"


def test_a_network_stands_beside_shuffled_labels() -> None:
    found = sf.study(resolve("network:width=2,labels=random", seed=1), explorer=FEW, nulls=2, seed=3)
    assert list(found.nulls) == ["shuffled_labels"]
    assert any(isinstance(answer, Estimate) for answer in found.nulls["shuffled_labels"].values())
