"""The null of lattice proteins: shuffled sequences, listed and sought."""

import numpy as np
import pytest

from spinfunnel.landscape import Budget
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.null import sequence as chain_nulls
from spinfunnel.null.ensemble import null_seeds
from spinfunnel.null.sequence import GROUNDS
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve

CHAINS = ["hp:sequence=HPHPPHHPHP", "protein:n=11,seed=3", "heteropolymer:n=8,dimension=3,seed=1"]


@pytest.mark.parametrize("spec", CHAINS)
def test_ground_energies_in_one_pass_are_those_of_each_list(spec):
    protein, seeds = resolve(spec), null_seeds(5, 6)
    found = protein.shuffled_grounds(seeds, workers=2)
    assert np.array_equal(found, protein.shuffled_grounds(seeds))
    assert found.tolist() == [protein.shuffled(seed).list_states().energies.min() for seed in seeds]
    # Twin that must fail: the seeds in another order, for their sequences differ.
    assert found.tolist() != protein.shuffled_grounds(seeds[::-1]).tolist() or spec.startswith("hp")


def test_the_first_seeds_do_not_depend_on_their_number():
    assert null_seeds(3, 20)[:5] == null_seeds(3, 5)


def judged(kind, **options):
    spec = f"protein:sequence={kind},n=13,alphabet=independent,goal=consistency,seed=4"
    return study(resolve(spec), workers=2, **options)


def test_a_designed_sequence_stands_out_from_its_shuffles_and_a_random_one_does_not():
    """The random one is a shuffle itself: with 20 samples |Z| > 4.2 in less than one case in 2000."""
    measures = "entropy", "tf_tg", "native_depth", "stability_gap", "stability_z"
    designed, random = (judged(kind, nulls=2, measures=measures) for kind in ("designed", "random"))
    assert designed.null_samples == {"shuffled_energies": 0, "sorted_energies": 0, "shuffled_interactions": GROUNDS}
    assert designed.measures["stability_gap"].value > 0.2
    assert abs(random.measures["stability_z"].value) < 4.2
    assert designed.nulls["shuffled_interactions"]["native_depth"].value < designed.measures["native_depth"].value
    assert designed.nulls["shuffled_energies"]["tf_tg"].outcome == "not_binary"
    assert all(
        isinstance(designed.nulls["shuffled_interactions"][name], Estimate) for name in ("stability_gap", "stability_z")
    )


def test_a_chain_too_long_to_list_is_compared_by_folding(monkeypatch):
    monkeypatch.setattr(chain_nulls, "MOST", 300_000)
    few = Budget(evaluations=2_000_000)
    spec = "protein:sequence=designed,n=25,alphabet=independent,goal=consistency,seed=1"
    result = study(resolve(spec), explorer="folding", budget=few, nulls=4, workers=2)
    assert not result.graph.exact
    assert result.null_samples["shuffled_interactions"] == 4
    gap = result.measures["stability_gap"]
    assert 0.2 < gap.low < gap.value < gap.high < 0.8
    assert result.measures["stability_z"].value > 2.0
