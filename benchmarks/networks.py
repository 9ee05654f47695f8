"""Networks against their peers: surfaces, Hessian eigenvalues, trace and density, interleaved in one process.

Run where the peers are installed as well (loss-landscapes, PyHessian, curvlinops-for-pytorch, hessian-eigenthings):

    python benchmarks/networks.py --repeats 5

scikit-learn's digits (1797 samples), a 64-32-10 perceptron (relu, tanh) and a network of two convolutions (8 and 16
channels), single precision, one thread. Times are of the processor, so that other work on the machine counts less;
every peer is timed directly after us, and what is reported is the median of the ratios. Values are compared: the
surface at equal points, eigenvalues, trace (root mean square over ten seeds) and density (largest difference of the
cumulative density, smoothed by 1 % of its span, mean over three seeds) with the dense Hessian in double precision.
Peak memory is what the process's high-water mark grew by, each in a process of its own (--memory).
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.special import ndtr
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits
from torch import nn

from spinfunnel.network import (
    Curvature,
    NetworkLandscape,
    Span,
    dense_hessian,
    eigenvalues,
    interpolation,
    spectral_density,
    trace,
)

PROBES, STEPS = 10, 100
ASKED = 99
"""Products that the peers' traces are given; ours has 150, which take less time."""


def network(name: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A network after 100 steps of Adam, with its data."""
    pixels, target = load_digits(return_X_y=True)
    x, y = torch.tensor(pixels / 16.0, dtype=torch.float32), torch.tensor(target)
    torch.manual_seed(1)
    if name == "cnn":
        x = x.view(-1, 1, 8, 8)
        first, second = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        model = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), nn.Linear(1024, 10))
    else:
        model = nn.Sequential(nn.Linear(64, 32), {"relu": nn.ReLU, "tanh": nn.Tanh}[name](), nn.Linear(32, 10))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20 if name == "cnn" else 100):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    model.zero_grad(set_to_none=True)
    return model.eval(), x, y


# ---------------------------------------------------------------------------------------------
# What is timed


def their_surface(model: nn.Module, x: torch.Tensor, y: torch.Tensor, *, points: int) -> np.ndarray:
    """`random_plane` of loss-landscapes, filter-normalised."""
    import loss_landscapes
    from loss_landscapes.metrics import Loss

    torch.manual_seed(7)
    with torch.no_grad():
        metric = Loss(nn.functional.cross_entropy, x, y)
        return loss_landscapes.random_plane(model, metric, 1, points, "filter", deepcopy_model=True)


def their_directions(model: nn.Module, *, points: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Corner and steps of the plane that `their_surface` draws, from its own functions."""
    from loss_landscapes.model_interface.model_parameters import orthogonal_to, rand_u_like
    from loss_landscapes.model_interface.model_wrapper import wrap_model

    torch.manual_seed(7)
    with torch.no_grad():
        start = wrap_model(copy.deepcopy(model)).get_module_parameters()
        one = rand_u_like(start)
        two = orthogonal_to(one)
        for direction in (one, two):
            direction.filter_normalize_(start)
        for direction in (one, two):
            direction.mul_(((start.model_norm() / 1) / points) / direction.model_norm())
        flat = [torch.cat([part.reshape(-1) for part in found.parameters]) for found in (start, one, two)]
    return flat[0] - points / 2 * (flat[1] + flat[2]), flat[1], flat[2]


def our_surface(landscape: NetworkLandscape, corner: Any, one: Any, two: Any, *, points: int) -> np.ndarray:
    """The same points, those of every second row one step further, as theirs are."""
    i, j = np.meshgrid(np.arange(points), np.arange(points), indexing="ij")
    place = np.stack([i, j + (i % 2 == 0)], -1).reshape(-1, 2).astype(float)
    return Span(landscape, corner, torch.stack([one, two])).energies(place).reshape(points, points)


def pyhessian(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Any:
    from pyhessian import hessian

    return hessian(model, nn.CrossEntropyLoss(), data=(x, y), cuda=False)


def eigenthings(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Any:
    from hessian_eigenthings import HessianOperator, supervised_loss

    return HessianOperator(model, [(x, y)], supervised_loss(nn.CrossEntropyLoss()))


def curvlinops(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Any:
    from curvlinops import HessianLinearOperator

    named = {name: value for name, value in model.named_parameters() if value.requires_grad}
    try:
        return HessianLinearOperator(model, nn.CrossEntropyLoss(), named, [(x, y)], check_deterministic=False)
    except (TypeError, ValueError, AttributeError):
        values = list(named.values())
        return HessianLinearOperator(model, nn.CrossEntropyLoss(), values, [(x, y)], check_deterministic=False)


def curvlinops_top(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    from scipy.sparse.linalg import eigsh

    return eigsh(curvlinops(model, x, y).to_scipy(), k=5, which="LA", tol=1e-4)[0][::-1]


def eigenthings_top(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    import hessian_eigenthings as peer

    found = peer.lanczos(eigenthings(model, x, y), k=5, which="LA", tol=1e-4, max_iter=60, seed=1)
    return np.sort(found.eigenvalues.detach().numpy())[::-1]


def eigenthings_density(model: nn.Module, x: torch.Tensor, y: torch.Tensor, seed: int = 1) -> Any:
    import hessian_eigenthings as peer

    return peer.spectral_density(eigenthings(model, x, y), num_runs=PROBES, lanczos_steps=STEPS, seed=100 * seed)


def curvlinops_trace(model: nn.Module, x: torch.Tensor, y: torch.Tensor, seed: int = 1) -> float:
    from curvlinops import hutchpp_trace

    torch.manual_seed(seed)
    return float(hutchpp_trace(curvlinops(model, x, y), ASKED))


def eigenthings_trace(model: nn.Module, x: torch.Tensor, y: torch.Tensor, seed: int = 1) -> float:
    import hessian_eigenthings as peer

    found = peer.trace(eigenthings(model, x, y), num_matvecs=ASKED, method="hutch++", seed=seed)
    return float(getattr(found, "estimate", getattr(found, "trace", np.nan)))


def contests(name: str, *, points: int) -> dict[str, tuple[Callable[..., Any], dict[str, Callable[..., Any]]]]:
    """For each work ours and the peers' functions; those of trace and density take a seed."""
    model, x, y = network(name)
    landscape = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))
    corner, one, two = their_directions(model, points=points)
    end = landscape.start + 20 * one

    def line() -> Any:
        import loss_landscapes
        from loss_landscapes.metrics import Loss

        other = copy.deepcopy(model)
        nn.utils.vector_to_parameters(end, other.parameters())
        with torch.no_grad():
            metric = Loss(nn.functional.cross_entropy, x, y)
            return loss_landscapes.linear_interpolation(model, other, metric, 101, deepcopy_model=True)

    return {
        "surface": (
            lambda: our_surface(landscape, corner, one, two, points=points),
            {"loss-landscapes": lambda: their_surface(model, x, y, points=points)},
        ),
        # Their points are 1/101, 2/101, ..., 1: the start is left out. Ours are 0, 1/101, ..., 1.
        "line": (
            lambda: interpolation(landscape, landscape.start, end, points=102).energy[1:],
            {"loss-landscapes": line},
        ),
        "top 5": (
            lambda: eigenvalues(Curvature(landscape)).values,
            {
                "PyHessian": lambda: np.array(pyhessian(model, x, y).eigenvalues(maxIter=100, tol=1e-3, top_n=5)[0]),
                "curvlinops": lambda: curvlinops_top(model, x, y),
                "hessian-eigenthings": lambda: eigenthings_top(model, x, y),
            },
        ),
        "trace": (
            lambda seed=1: trace(Curvature(landscape), seed=seed).value,
            {
                "curvlinops": lambda seed=1: curvlinops_trace(model, x, y, seed),
                "hessian-eigenthings": lambda seed=1: eigenthings_trace(model, x, y, seed),
            },
        ),
        "density": (
            lambda seed=1: spectral_density(Curvature(landscape), steps=STEPS, probes=PROBES, seed=seed),
            {
                "hessian-eigenthings": lambda seed=1: eigenthings_density(model, x, y, seed),
                "PyHessian": lambda: pyhessian(model, x, y).density(iter=STEPS, n_v=PROBES),
            },
        ),
    }


# ---------------------------------------------------------------------------------------------
# Timing


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    started = time.process_time()
    answer = call()
    return time.process_time() - started, answer


def matmul_rate() -> float:
    """GFLOP/s of a product of 1024 x 1024 matrices in single precision, the best of ten."""
    a = torch.randn(1024, 1024)
    return max(2.0 * 1024**3 / timed(lambda: a @ a)[0] for _ in range(10)) / 1e9


def flops(name: str, work: str, *, points: int) -> float:
    """Products of a plain evaluation: what every layer would cost at every point, or each Hessian product."""
    forward = 1797 * 2.0 * (64 * 9 * 8 + 64 * 72 * 16 + 10240 if name == "cnn" else 64 * 32 + 320)
    # A Hessian product is a forward pass along v, and two products for each of the two passes back.
    return {
        "surface": points**2 * forward,
        "line": 101 * forward,
        "density": PROBES * STEPS * 4.0 * forward,
        "trace": 150 * 4.0 * forward,
        "top 5": 25 * 4.0 * forward,
    }[work]


def exact(name: str) -> np.ndarray:
    """Eigenvalues of the dense Hessian in double precision, descending."""
    model, x, y = network(name)
    whole = dense_hessian(Curvature(NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y), dtype="float64")))
    return torch.linalg.eigvalsh(whole).flip(0).numpy()


def cumulative_error(found: Any, truth: np.ndarray) -> float:
    """Largest difference of two cumulative densities, both smoothed by 1 % of the span of the eigenvalues."""
    nodes, weights = (
        (found.nodes, found.weights)
        if hasattr(found, "nodes")
        else (found.raw_eigenvalues.double().numpy(), found.raw_weights.double().numpy())
    )
    sigma = 0.01 * (truth.max() - truth.min())
    x = np.linspace(truth.min() - 3 * sigma, truth.max() + 3 * sigma, 400)[:, None]
    mine = ndtr((x - nodes.ravel()) / sigma) @ weights.ravel() / len(nodes)
    return float(np.abs(mine - ndtr((x - truth) / sigma).mean(1)).max())


def error(work: str, rows: list[Any], calls: tuple[Callable[..., Any], Callable[..., Any]], truth: Any) -> str:
    """How far the answers are from the truth, or from each other."""
    ours, theirs = rows[-1][1], rows[-1][3]
    if work in ("surface", "line"):
        difference = np.nanmax(np.abs(np.asarray(theirs) / np.asarray(ours) - 1.0))
        return f"largest relative difference {difference:.1e}"
    if truth is None:
        difference = np.max(np.abs(np.asarray(theirs) / np.asarray(ours) - 1.0)) if work == "top 5" else np.nan
        return f"largest relative difference {difference:.1e}"
    if work == "top 5":
        mine, other = (float(np.max(np.abs(np.asarray(found) / truth[:5] - 1.0))) for found in (ours, theirs))
    elif work == "trace":
        mine, other = (
            float(np.sqrt(np.mean([(call(seed=seed) / truth.sum() - 1.0) ** 2 for seed in range(10)])))
            for call in calls
        )
    else:
        mine, other = (np.mean([cumulative_error(call(seed=seed), truth) for seed in range(3)]) for call in calls)
    return f"error ours {mine:.1e}, theirs {other:.1e}"


def compare(options: argparse.Namespace) -> None:
    rate = matmul_rate()
    print(f"matmul {rate:.1f} GFLOP/s, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}", flush=True)
    for name in options.networks:
        truth = exact(name) if name != "cnn" and {"top 5", "trace", "density"} & set(options.works) else None
        points = options.points if name != "cnn" else options.cnn_points
        for work, (ours, peers) in contests(name, points=points).items():
            if work not in options.works or (name == "cnn" and work in ("density", "trace")):
                continue
            ours()
            for peer, theirs in peers.items():
                repeats = options.repeats if name != "cnn" else options.cnn_repeats
                try:
                    rows = [(*timed(ours), *timed(theirs)) for _ in range(repeats)]
                except Exception as problem:  # noqa: BLE001 - a peer that fails is reported as such
                    print(f"{name} {work}: {peer} fails: {type(problem).__name__}: {str(problem)[:90]}", flush=True)
                    continue
                ratio = statistics.median(row[2] / row[0] for row in rows)
                mine = statistics.median(row[0] for row in rows)
                floor = flops(name, work, points=points) / (1e9 * rate)
                print(
                    f"{name} {work}: ours {mine:.3f} s, {peer} {statistics.median(row[2] for row in rows):.3f} s, "
                    f"ratio {ratio:.2f}; {mine / floor:.2f} times the plain floor of {floor:.3f} s; "
                    f"{error(work, rows, (ours, theirs), truth)}",
                    flush=True,
                )


def memory(options: argparse.Namespace) -> None:
    """High-water mark of every contestant, each in a process of its own."""
    for name in options.networks:
        for work in options.works:
            for who in ("ours", *contests(name, points=5)[work][1]):
                command = [sys.executable, __file__, "--alone", json.dumps([name, work, who])]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                print(f"{name} {work} {who}: {done.stdout.strip() or 'fails'}", flush=True)


def alone(name: str, work: str, who: str) -> None:
    ours, peers = contests(name, points=51 if name != "cnn" else 9)[work]
    call = ours if who == "ours" else peers[who]
    if who == "ours" and work in ("surface", "line"):
        ours_small, _ = contests(name, points=2)["surface"]
        ours_small()  # compiled kernels are no part of the work
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    call()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{(after - before) / 1024:.1f} MiB more, {after / 1024:.0f} MiB in all")


def main() -> None:
    """Print one line a comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="*", default=["relu", "tanh", "cnn"])
    parser.add_argument("--works", nargs="*", default=["surface", "line", "top 5", "trace", "density"])
    parser.add_argument("--points", type=int, default=51)
    parser.add_argument("--cnn-points", type=int, default=15, help="a side; 51 take a minute each")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cnn-repeats", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="peak memory instead of times")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)  # the libraries behind NumPy wait busily, which counts as work
    if options.alone:
        alone(*json.loads(options.alone))
    elif options.memory:
        memory(options)
    else:
        compare(options)


if __name__ == "__main__":
    main()
