"""The elastic band between two solutions of a perceptron: processor seconds, and the saddle that it finds.

    python benchmarks/paths.py --repeats 3

scikit-learn's digits (1797 samples), a 64-32-10 perceptron (tanh) trained from two starts, 11 images, 500 steps of all
samples, single precision, one thread. PyTorch-AutoNEB took 10.2 s for a band of this size on the machine on which the
peers were measured; it no longer installs beside a current torch, so that there is no ratio of one run. The saddle is
compared with that of a band of four times as many steps.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits
from torch import nn

from spinfunnel.network import NetworkLandscape
from spinfunnel.network.batched import Batched
from spinfunnel.network.paths import auto_neb, straight

RECORDED = 10.2


def solution(seed: int) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A network after 300 steps of Adam, with its data."""
    pixels, target = load_digits(return_X_y=True)
    x, y = torch.tensor(pixels / 16.0, dtype=torch.float32), torch.tensor(target)
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(300):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    return model.eval(), x, y


def main() -> None:
    """Print the time of each band, and saddles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    model, x, y = solution(1)
    other, _, _ = solution(2)
    network = Batched(NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y), dtype="float32"))
    one, two = (nn.utils.parameters_to_vector(each.parameters()).detach() for each in (model, other))
    print(f"straight: highest {straight(network, one, two).saddle:.4f}")
    taken = []
    for number in range(options.repeats):
        began = time.process_time()
        path = auto_neb(network, one, two, images=11, steps=500, seed=number)
        taken.append(time.process_time() - began)
        print(f"500 steps: highest {path.saddle:.4f} in {taken[-1]:.2f} s")
    print(f"2000 steps: highest {auto_neb(network, one, two, images=11, steps=2000).saddle:.4f}")
    print(
        f"median {statistics.median(taken):.2f} s, {RECORDED / statistics.median(taken):.1f} times the recorded speed"
    )


if __name__ == "__main__":
    main()
