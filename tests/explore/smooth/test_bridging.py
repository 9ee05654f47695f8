"""Climbs between near minima of a chain, and the descents that are counted."""

import numpy as np
import pytest

from spinfunnel.explore.smooth.bridging import Bridge, Bridges, Front, between, laid_on
from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.explore.smooth.identity import Point
from spinfunnel.explore.smooth.joining import explore
from spinfunnel.explore.smooth.point_catalogue import Collection
from spinfunnel.landscape import Budget, Minimum
from spinfunnel.systems import bln_protein

CHAIN = "BBBNNNLLBB"


def turned(position, generator, *, mirror):
    turn, _ = np.linalg.qr(generator.standard_normal((3, 3)))
    if (np.linalg.det(turn) < 0.0) != mirror:
        turn[:, 0] *= -1.0
    return (position.reshape(-1, 3) @ turn + generator.normal(size=3)).ravel()


@pytest.mark.parametrize("mirror", [False, True])
def test_a_chain_that_was_turned_is_laid_on_itself(mirror):
    generator = np.random.default_rng(1)
    one = generator.standard_normal(30)
    np.testing.assert_allclose(laid_on(one, turned(one, generator, mirror=mirror), mirror=mirror), one, atol=1e-12)
    # Twin that must fail: an image in the mirror without one.
    assert np.abs(laid_on(one, turned(one, generator, mirror=True), mirror=False) - one).max() > 0.1


def test_pairs_that_were_tried_give_way_to_farther_ones():
    points = {name: Point(name, 0.0, np.array([0.0, 0, 0, 1, 0, 0, 0, x, 0])) for name, x in (("a", 1), ("b", 1.5))}
    here = Point("c", 0.0, np.array([0.0, 0, 0, 1, 0, 0, 0, 1.2, 0]))
    bridges = Bridges()
    asked = [bridges.nearest([here], points.values())[1].key for _ in range(6)]
    assert asked[0] == "a"
    assert set(asked) == {"a", "b"}


def test_climbs_between_two_minima_set_out_on_the_line_between_them():
    generator = np.random.default_rng(2)
    one, other = generator.standard_normal((2, 30))
    position, direction = between(Bridge(Front(Point("a", 0.0, one)), Point("b", 0.0, other)), generator, 5)
    line = laid_on(one, other, mirror=True) - one
    share = (position - one) @ line / (line @ line)
    np.testing.assert_allclose(position, one + share[:, None] * line)
    assert ((share > 0.0) & (share < 1.0)).all()
    assert (direction @ line / np.linalg.norm(line) > 0.9).all()


def test_they_join_the_two_more_often_than_climbs_from_one_of_them():
    """Pairs of minima of a short chain that share a saddle; how often eight climbs for each meet both again."""
    engine = Engine(bln_protein(CHAIN))
    found = Collection(engine)
    generator = np.random.default_rng(5)
    found.enter_rough(engine.landscape.starts(generator, 12))

    def away(point):
        direction = generator.standard_normal((8, 30))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        return point.position + engine.landscape.step * direction, direction

    def entered(climbs):
        points = [found.saddle(climbs, row) for row in range(8)]
        return [found.joins[each[0].key] for each in points if each is not None]

    for point in list(found.minima.points):
        entered(engine.climb(*away(point)))
    pairs = sorted({tuple(sorted(pair)) for pair in found.joins.values() if pair[0] != pair[1]})[:15]
    bridged = plain = 0
    for one, other in pairs:
        start = found.minima[one]
        bridge = Bridge(Front(start), found.minima[other])
        bridged += sum({*pair} == {one, other} for pair in entered(engine.climb(*between(bridge, generator, 8))))
        plain += sum({*pair} == {one, other} for pair in entered(engine.climb(*away(start))))
    assert bridged > 2 * plain


def test_minima_of_a_chain_are_weighed_by_what_the_cold_replicas_descend_to():
    """24 rounds of dynamics are quenched six times; of the last three times the two coldest replicas count."""
    records = [
        record
        for chunk in explore(bln_protein(CHAIN), seed=4, starts=40, hops=2400, budget=Budget(evaluations=600_000))
        for record in chunk
    ]
    weight = {record.key: record.weight for record in records if isinstance(record, Minimum)}
    assert sum(weight.values()) == pytest.approx(1.0)
    assert all((6 * each) == pytest.approx(round(6 * each)) for each in weight.values())
    # Twin that must fail: forty random chains, as of any other landscape.
    assert not all((40 * each) == pytest.approx(round(40 * each)) for each in weight.values())
