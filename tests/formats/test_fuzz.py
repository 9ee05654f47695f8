"""A minute of the fuzzer: what is changed at random is read, or refused in one sentence; and the fuzzer can find."""

import numpy as np
import pytest
from fuzz import guarded, run
from fuzz.corpus import examples
from fuzz.mutations import mutated
from fuzz.targets import TARGETS, in_child

from spinfunnel.landscape import InputError


@pytest.mark.parametrize("name", TARGETS)
def test_every_example_is_read(name):
    for data in examples()[name]:
        if name not in {"spec", "atlas text"}:  # a sealed atlas has no other text
            TARGETS[name](data)


@pytest.mark.slow
def test_changed_files_are_read_or_refused():
    counts = run.fuzzed(inputs=4000, seed=7)
    assert {name: count.findings for name, count in counts.items() if count.findings} == {}
    assert sum(count.inputs for count in counts.values()) == 4000
    assert all(count.refused for count in counts.values())


def test_the_fuzzer_finds_what_is_planted(monkeypatch):
    def reader(data):
        if b"9" in data:
            raise RecursionError("planted")
        raise InputError("no")

    monkeypatch.setitem(TARGETS, "coo", reader)
    found = run.fuzzed(inputs=200, seed=1, targets=["coo"])["coo"]
    assert [finding.partition(" ")[0] for finding in found.findings] == ["RecursionError"]
    assert found.refused > 0


def test_a_reader_that_crashes_or_hangs_is_a_finding_and_the_rest_goes_on(monkeypatch):
    import os
    import signal
    import time

    def crashes(data):
        if b"9" in data:
            os.kill(os.getpid(), signal.SIGSEGV)
        raise InputError("no")

    monkeypatch.setitem(TARGETS, "coo", crashes)
    found = guarded.fuzzed_guarded(inputs=200, seed=1, targets=["coo"], batch=50)["coo"]
    assert found.inputs >= 200
    assert "SIGSEGV" in found.findings[0]
    assert len(found.findings) == 1
    monkeypatch.setitem(TARGETS, "coo", lambda _: time.sleep(600.0))
    monkeypatch.setattr(guarded, "PATIENCE", 0.3)
    assert "SIGKILL" in guarded.fuzzed_guarded(inputs=1, seed=1, targets=["coo"])["coo"].findings[0]


def test_a_reader_that_swells_is_a_finding(monkeypatch):
    monkeypatch.setitem(TARGETS, "coo", lambda _: len(b"x" * 700_000_000) and None)
    assert " MB for " in run.fuzzed(inputs=1, seed=1, targets=["coo"])["coo"].findings[0]


def test_both_loops_try_the_same(monkeypatch):
    tried = []
    monkeypatch.setitem(TARGETS, "coo", tried.append)
    plain = run.fuzzed(inputs=60, seed=1_000_003, targets=["coo"])["coo"]
    again = guarded.fuzzed_guarded(inputs=60, seed=1, targets=["coo"])["coo"]
    assert len(tried) == 60
    assert (plain.inputs, plain.read) == (again.inputs, again.read) == (60, 60)


def test_a_crash_in_the_child_is_contained(monkeypatch):
    import os
    import signal

    monkeypatch.setattr("fuzz.targets.answered", lambda *_: os.kill(os.getpid(), signal.SIGSEGV))
    with pytest.raises(InputError, match="contained: SIGSEGV"):
        in_child("cqm", b"")


def test_changes_depend_on_the_seed_alone():
    one, two, three = (
        [mutated(b"3 1\n1 2 1\n", np.random.default_rng(seed), [b"4"]) for _ in range(20)] for seed in (1, 1, 2)
    )
    assert one == two != three
