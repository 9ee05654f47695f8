"""A multilayer perceptron on the digits or on XOR: a neural network by name."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from spinfunnel.landscape import InputError, Smooth
from spinfunnel.systems.ranges import check_choice, check_range, disorder

__all__ = ["perceptron"]

TRAINING = 1347
"""Digits used for training at most, three quarters; the other 450 are for testing."""
LARGEST_WIDTH = 4096


def perceptron(
    width: int = 16,
    *,
    depth: int = 1,
    activation: str = "tanh",
    data: str = "digits",
    labels: str = "real",
    weight_decay: float = 0.001,
    samples: int = 0,
    dtype: str = "float64",
    device: str = "cpu",
    seed: int = 0,
) -> Smooth:
    """Multilayer perceptron with cross-entropy loss on scikit-learn's handwritten digits, or on XOR.

    ``E(theta) = (1/P) sum_p -ln softmax(f(x_p; theta))_(y_p) + (weight_decay / 2) |theta|^2``; on XOR, with one output,
    the logistic loss.

    Parameters
    ----------
    width : int
        Units of each hidden layer.
    depth : int
        Number of hidden layers; 0 is a linear model, whose landscape has one minimum with weight decay.
    activation : {"tanh", "relu", "sigmoid"}
    data : {"digits", "xor"}
        Digits: 64 pixels scaled to 0 ... 1, ten classes; 1347 samples to train on and 450 to test, the same for every
        seed. XOR: two inputs 0 or 1, one output.
    labels : {"real", "random"}
        "random" deals the labels at random over the same inputs, which keeps the number of each class: the null.
    weight_decay : float
        Coefficient of the decay, part of the energy.
    samples : int
        Number of training samples, the first ones; 0 means all.
    dtype : {"float64", "float32"}
        Double precision by default: what is stationary is told by small gradients.
    device : str
        "cpu" or "cuda".
    seed : int
        Of the weights at the start, and of random labels.

    Raises
    ------
    InputError
        For values out of range, and where PyTorch is not installed.

    Examples
    --------
    >>> network = perceptron(4, depth=1, data="xor", seed=1)
    >>> network.dimension
    17
    """
    check_choice("activation", activation, ("tanh", "relu", "sigmoid"))
    check_choice("data", data, ("digits", "xor"))
    check_choice("labels", labels, ("real", "random"))
    check_choice("dtype", dtype, ("float64", "float32"))
    check_range("width", width, low=1, high=LARGEST_WIDTH)
    check_range("depth", depth, low=0, high=50)
    check_range("seed", seed, low=0)
    check_range("samples", samples, low=0, high=4 if data == "xor" else TRAINING)
    try:
        import torch
        from torch import nn
    except ImportError:
        raise InputError("networks need PyTorch, which is not installed: pip install 'spinfunnel[torch]'") from None
    from spinfunnel.network import NetworkLandscape

    (x, y), test = _digits() if data == "digits" else (_xor(), None)
    if labels == "random":
        y = disorder(seed, 4).permutation(y)
    outputs = 10 if data == "digits" else 1
    sizes = [x.shape[1], *[width] * depth, outputs]
    layers: list[Any] = []
    for place, (inputs, units) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Linear(inputs, units, dtype=torch.float64)]
        layers += [_activation(activation)] if place < depth else []
    model = nn.Sequential(*layers)
    _draw(model, seed=seed)
    return NetworkLandscape(
        model,
        nn.CrossEntropyLoss() if outputs > 1 else _logistic,
        (torch.as_tensor(x), torch.as_tensor(y)),
        None if test is None else (torch.as_tensor(test[0]), torch.as_tensor(test[1])),
        weight_decay=weight_decay,
        samples=samples,
        device=device,
        dtype=dtype,
        name="network",
        parameters={
            "width": width,
            "depth": depth,
            "activation": activation,
            "data": data,
            "labels": labels,
            "seed": seed,
        },
    )


def _logistic(outputs: Any, labels: Any) -> Any:
    """Mean of ``ln(1 + exp(-(2 y - 1) o))``."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    return binary_cross_entropy_with_logits(outputs[:, 0], labels.to(outputs.dtype))


def _activation(name: str) -> Any:
    from torch import nn

    return {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}[name]()


def _draw(model: Any, *, seed: int) -> None:
    """Uniform weights within ``1 / sqrt(inputs)``, PyTorch's own initialisation, from a generator of our own."""
    import torch

    rng = disorder(seed)
    with torch.no_grad():
        for layer in model:
            if hasattr(layer, "weight"):
                bound = layer.in_features**-0.5
                for parameter in (layer.weight, layer.bias):
                    parameter.copy_(torch.as_tensor(rng.uniform(-bound, bound, tuple(parameter.shape))))


def _digits() -> tuple[Any, Any]:
    """Training and test data, dealt once for everybody."""
    from sklearn.datasets import load_digits

    pixels, target = load_digits(return_X_y=True)
    order = np.random.default_rng(20150325).permutation(len(target))
    x, y = pixels[order] / 16.0, target[order]
    return (x[:TRAINING], y[:TRAINING]), (x[TRAINING:], y[TRAINING:])


def _xor() -> Any:
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return x, np.array([0, 1, 1, 0])
