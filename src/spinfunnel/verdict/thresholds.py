"""The numbers at which the verdict turns, each with its source.

Most come in pairs, `name` and `name` + "_lost": from the first on a witness of `verdict.binary` says yes, up to the
second it says no, and between them nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["THRESHOLDS", "Threshold"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number at which the verdict turns, and where it comes from."""

    value: float
    source: str


_CALIBRATION = "calibration on labelled landscapes, docs/calibration.md"
_FIRST = "first calibration, on 29 labelled families of bits; read where states are not counted"

THRESHOLDS: Mapping[str, Threshold] = {
    "entropy": Threshold(
        4.0,
        "55 states: below, means and spreads over a handful of states fit a funnel, a golf course and a glass alike",
    ),
    "native_gap": Threshold(
        0.1, "a ground state 1 / (1 - 0.1) times as deep as chance has a Tf/Tg of 1.6 in the random-energy form"
    ),
    "native_gap_lost": Threshold(
        0.03, "the same for a Tf/Tg of 1.3, which a random energy model has by the scatter of its lowest level"
    ),
    "native_z": Threshold(2.5, "random signs reach as low once in 160 times, the error of Z included"),
    "native_z_lost": Threshold(2.0, "within the central 95 % of random signs, the error of Z included"),
    "order_1": Threshold(
        0.6,
        f"three fifths of the variance: random energies on a slope of 1.7, where they turn to funnels; {_CALIBRATION}",
    ),
    "order_1_lost": Threshold(
        0.4, f"two fifths of the variance: other interactions outweigh all fields; {_CALIBRATION}"
    ),
    "search_ruler": Threshold(
        0.5, f"half-way, on a logarithmic scale, between blind search and the ideal guide; {_CALIBRATION}"
    ),
    "search_ruler_lost": Threshold(0.4, f"the time of blind search to the power 0.6; {_CALIBRATION}"),
    "either_ruler": Threshold(0.7, f"a rival's half of the space costs the ideal guide nothing; {_CALIBRATION}"),
    "either_ruler_lost": Threshold(0.5, f"half-way between blind search and the ideal guide; {_CALIBRATION}"),
    "rival_valley_depth": Threshold(
        0.3, f"of the mean gap: domain walls of magnets make valleys up to a quarter deep; {_CALIBRATION}"
    ),
    "rival_valley_depth_lost": Threshold(0.2, f"of the mean gap: valleys within funnels are shallower; {_CALIBRATION}"),
    "deep_valleys": Threshold(5.0, "a few; the number of a glass's valleys grows exponentially with size"),
    "native_overlap": Threshold(0.5, "a quarter of the spins differs: what is less alike is dissimilar"),
    "native_overlap_lost": Threshold(0.5, "a quarter of the spins differs: what is less alike is dissimilar"),
    "trap_height": Threshold(0.25, f"a quarter of what a flip changes; {_CALIBRATION}"),
    "trap_height_lost": Threshold(0.1, f"a tenth of what a flip changes: no more than a ripple; {_CALIBRATION}"),
    "valley_share": Threshold(0.1, "of all states: what drains less is a hole, not a funnel"),
    "largest_block": Threshold(0.5, "half of the variables: more than one block of like size"),
    "tf_tg": Threshold(
        1.6,
        "Tf/Tg of minimally frustrated proteins: Onuchic, Wolynes, Luthey-Schulten, Socci, PNAS 92, 3626 (1995); "
        "no labelled glass reaches it: docs/calibration.md",
    ),
    "stability_gap": Threshold(
        0.1, "a native state 1 / (1 - 0.1) times as deep as the glass has a Tf/Tg of 1.6 in the random-energy form"
    ),
    "stability_gap_lost": Threshold(
        0.03, "the same for a Tf/Tg of 1.3, which a random energy model has by the scatter of its lowest level"
    ),
    "stability_z": Threshold(4, _FIRST),
    "stability_z_lost": Threshold(2.9, _FIRST),
    "native_depth": Threshold(1.1, _FIRST),
    "native_depth_lost": Threshold(0.58, _FIRST),
    "decoy_gap": Threshold(0.15, _FIRST),
    "decoy_gap_lost": Threshold(0.0074, _FIRST),
    "levinthal": Threshold(0.33, _FIRST),
    "levinthal_lost": Threshold(0.2, _FIRST),
    "relative_depth": Threshold(0.039, _FIRST),
    "many_minima": Threshold(
        50.0, "read of sampled maps: a smooth landscape has fewer, a glass of 64 spins or more has more by far"
    ),
    "relative_depth_lost": Threshold(0.031, _FIRST),
    "fitness_distance": Threshold(
        0.6, "distance explains a third of the variance of the energy; 2 / pi of independent spins in normal fields"
    ),
    "fitness_distance_lost": Threshold(0.45, "a fifth of the variance: pair interactions of both signs reach no more"),
    "rival_valley": Threshold(0.24, _FIRST),
    "rival_valley_lost": Threshold(0.13, _FIRST),
    "rival_slope": Threshold(4.5, f"of funnel_slope where there is a rival; {_FIRST}"),
    "rival_slope_lost": Threshold(4, f"of funnel_slope where there is a rival; {_FIRST}"),
    "funnel_weight": Threshold(0.5, "more than half of all states: the native funnel outweighs all others together"),
    "funnel_weight_lost": Threshold(
        0.35,
        "read where walks were not measured: random energy models, LABS and many spin glasses lie below it, "
        "disordered ferromagnets rarely",
    ),
    "funnel_weight_all": Threshold(
        0.8, "four fifths of all states: a landscape that loses less looks like a funnel to a descent, whatever it is"
    ),
    "funnel_slope": Threshold(
        1.0,
        "the mean energy falls by more than its roughness on the way: "
        "Bryngelson, Onuchic, Socci, Wolynes, Proteins 21, 167 (1995)",
    ),
    "few_minima": Threshold(
        20.0, "minima of a smooth map, below which it tells the kinds apart only if it is likely to hold all of them"
    ),
    "searches_met": Threshold(
        5.0,
        "searches that ended in each of few minima: the chance of the next one to end elsewhere is then 0 by the "
        "estimate of Good and Turing, Biometrika 40, 237 (1953)",
    ),
    "ruled_minima": Threshold(
        8.0, "minima from which on shuffled and sorted ones are worth comparing: of fewer, most orders are alike"
    ),
    "loops": Threshold(
        0.25,
        "loops of saddles for each minimum below which a map of rarely met minima is the tree of a search, on which "
        "shuffled minima say nothing; our choice",
    ),
    "guidance_lost": Threshold(
        0.5, "halfway between shuffled and sorted minima on the same graph; a round number, fitted to nothing"
    ),
    "guidance_room_lost": Threshold(
        -3.0,
        "room below which high passes near the lowest minimum, not flat energies, make sorted minima slow: a hole with "
        "one entrance costs its shuffled copies the logarithm of the number of neighbours, less than 3",
    ),
    "guidance_gained": Threshold(
        0.25,
        "a quarter of the way from shuffled to sorted minima, gained by a few bottoms more; set after looking at "
        "Lunacek's function in three dimensions",
    ),
    "ground_descents_lost": Threshold(
        0.05,
        "one random descent in twenty: restarts find the lowest minimum by luck; set after looking at Easom's function",
    ),
    "ground_depth": Threshold(
        100.0,
        "depth of the lowest minimum over the spread of the energies in which descents end: those of a random energy "
        "model of a million minima reach 5, those of a bowl of wells 3; set after looking at Easom's function",
    ),
    "blind_share_lost": Threshold(
        0.2, "passage takes more stays than the number of minima to the power 0.8: hardly better than trying all"
    ),
    "rival_height": Threshold(
        2.0,
        "barrier out of a rival over the usual height of a saddle, below which it is left like any other minimum; set "
        "after looking at cubes of independent two-state systems and Rastrigin's function, which reach 1.5, Schwefel's "
        "function, 2.3 to 3.2, and 38 Lennard-Jones atoms, 8",
    ),
    "connected_share": Threshold(
        0.5, "half of the descents must end in the connected part of a smooth map, for its rivals to tell the kind"
    ),
    "rival_occupation": Threshold(
        0.01, "largest share of the weight of all rival funnels below which they are pockets of one funnel"
    ),
    "rival_majority": Threshold(0.5, "share of the weight from which on a rival funnel outweighs the native one"),
    "rival_descents": Threshold(
        0.05, "share of the random descents in all rival funnels from which on they are no pockets, whatever they hold"
    ),
    "rival_escape": Threshold(
        15.0,
        "barrier over temperature below which a rival is left within exp(15), three million, vibrations: halfway "
        "between what is found for loops of the Go variant of the 46-bead protein, 7 to 8, and for landscapes of "
        "several funnels, 24 to 33 for its frustrated model and 30 for 38 Lennard-Jones atoms",
    ),
    "rival_funnels": Threshold(12.0, "rival funnels from which on a smooth landscape is a glass; our choice"),
    "rival_funnels_lost": Threshold(6.0, "rival funnels up to which it has several of them; our choice"),
    "native_share": Threshold(
        0.5, "of trainings: more than half of the starts end native, so that it outweighs all other solutions"
    ),
    "native_share_lost": Threshold(0.35, "of trainings: the share of a native funnel below which it is lost"),
    "final_height": Threshold(
        0.03, "of trainings: starts end within 3 % of the energy scale of the lowest solution; docs/networks.md"
    ),
    "training_gain": Threshold(
        0.005, "another half of all training gains a quarter of what parts native ends from others; docs/networks.md"
    ),
    "starts": Threshold(4.0, "four starts that all end in one minimum leave it more than half of all starts (Wilson)"),
    "weight_decay": Threshold(
        0.025,
        "rate at which the weight of the native funnel is lost with each spin: half of it in 28 spins. With 60 to 200 "
        "samples a size, disordered ferromagnets of 9 to 25 spins lose 0.018 [0.015, 0.021], Sherrington-Kirkpatrick "
        "glasses of 8 to 28 spins 0.035 [0.031, 0.038]. Edwards-Anderson glasses of 9 to 25 lose 0.071 [0.062, 0.079], "
        "3-spin glasses of 12 to 20 spins 0.094 [0.08, 0.11], random energy models 0.62 [0.58, 0.65]",
    ),
    "model_support": Threshold(
        2.0,
        "difference of Akaike's criterion from which one model is preferred: Burnham, Anderson, Model Selection and "
        "Multimodel Inference (2002)",
    ),
    "fewest_sizes": Threshold(3.0, "two sizes determine a rate, but nothing then tells whether it is one"),
    "gap_exponent": Threshold(
        0.25, "of the gap over the roughness: midway between a random landscape, 0, and a funnel of the theory, 1/2"
    ),
    "width_exponent": Threshold(
        -0.5, "of the width of the folding transition: midway between none, 0, and a cooperative transition, -1"
    ),
}
"""Every number at which the verdict turns."""
