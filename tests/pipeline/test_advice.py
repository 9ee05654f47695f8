"""Advice on landscapes of which it is known what they need."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from spinfunnel import systems
from spinfunnel.cli import app
from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.pipeline.advice import _simplest, advise, time_to_solution


def test_times_to_solution_are_those_of_the_formula():
    found = time_to_solution(100.0, hits=50, runs=100)
    assert found.value == pytest.approx(100.0 * math.log(0.01) / math.log(0.5))
    assert time_to_solution(100.0, hits=8, runs=8).value == 100.0
    assert time_to_solution(100.0, hits=8, runs=8).high > 100.0
    assert isinstance(time_to_solution(1.0, hits=0, runs=9), NoAnswer)


def test_the_interval_covers_the_truth():
    # 200 experiments of 40 searches that succeed with probability 0.2: an exact interval misses at most 5 % of the
    # time; more than 20 misses happen with probability below 1e-3, and always for one a third as wide.
    rng = np.random.default_rng(5)
    truth = math.log(0.01) / math.log(0.8)
    missed = narrow = 0
    for hits in rng.binomial(40, 0.2, 200).tolist():
        found = time_to_solution(1.0, hits=hits, runs=40)
        if isinstance(found, NoAnswer):
            continue
        missed += not found.low <= truth <= found.high
        middle, third = found.value, 1.0 / 3.0
        narrow += not middle * (found.low / middle) ** third <= truth <= middle * (found.high / middle) ** third
    assert missed <= 20
    assert narrow > 20


def test_a_funnel_is_descended_and_a_glass_is_not():
    funnel = advise(systems.resolve("hopfield:n=40,patterns=1"), seconds=2.0)
    assert funnel.recommended == "greedy"
    assert funnel.levinthal["greedy"].value > 0.5
    glass = advise(systems.resolve("ea:shape=12x12,seed=1"), seconds=4.0)
    assert glass.recommended in {"annealing", "tempering"}
    hopeless = advise(systems.resolve("sk:n=30"), target=-1e6, seconds=0.5)
    assert hopeless.recommended is None
    assert all(isinstance(time, NoAnswer) for time in hopeless.time.values())


def test_the_simplest_of_the_fastest_is_recommended():
    none = NoAnswer("never_solved", "none", "more")
    assert _simplest({"greedy": Estimate(5, 1, 9), "annealing": Estimate(2, 1, 3), "tempering": none}) == "greedy"
    assert _simplest({"greedy": Estimate(5, 4, 9), "annealing": Estimate(2, 1, 3), "tempering": none}) == "annealing"
    assert _simplest({"greedy": none, "annealing": none, "tempering": none}) is None


def test_the_command_answers_and_refuses():
    answer = CliRunner().invoke(app, ["advise", "dfm:shape=4x4", "--budget", "1s", "--json"])
    assert json.loads(answer.stdout)["advice"]["recommended"] in {"greedy", "annealing", "tempering"}
    wrong = CliRunner().invoke(app, ["advise", "dfm:shape=4x4", "--budget", "1e6"])
    assert wrong.exit_code == 2
    with pytest.raises(InputError):
        advise(systems.resolve("sk:n=8"), seconds=0.0)
