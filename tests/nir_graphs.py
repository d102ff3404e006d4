"""Small NIR graphs for the tests of importers."""

from __future__ import annotations

from itertools import pairwise

import nir
import numpy as np


def lif(n, tau=0.01, r=1.0, theta=0.5, reset=0.0, leak=0.0):
    full = [np.full(n, value) for value in (tau, r, leak, theta, reset)]
    return nir.LIF(tau=full[0], r=full[1], v_leak=full[2], v_threshold=full[3], v_reset=full[4])


def spiking_if(shape, theta=1.0, r=1.0, reset=0.0):
    return nir.IF(r=np.full(shape, r), v_threshold=np.full(shape, theta), v_reset=np.full(shape, reset))


def chain(*nodes, shape):
    """A graph of nodes in a row."""
    named = {"in": nir.Input({"input": np.array(shape)}), **{str(i): node for i, node in enumerate(nodes)},
             "out": nir.Output({"output": np.array([1])})}  # fmt: skip
    keys = list(named)
    return nir.NIRGraph(named, list(pairwise(keys)), type_check=False)


def exact(rng, *shape):
    """Weights of 64ths that 8 bits hold exactly: the greatest of each channel is 127."""
    w = rng.integers(-100, 128, shape)
    w.reshape(len(w), -1)[:, 0] = 127
    return w / 64


def conv_graph(rng):
    conv = {"padding": (1, 1), "dilation": 1, "groups": 1, "stride": 1, "input_shape": (8, 8)}
    pool = {"kernel_size": np.array([2, 2]), "stride": np.array([2, 2]), "padding": np.array([0, 0])}
    return chain(
        nir.Conv2d(weight=exact(rng, 4, 2, 3, 3), bias=rng.integers(-200, 200, 4) / 256, **conv),
        spiking_if((4, 8, 8), theta=3),
        nir.SumPool2d(**pool), nir.Conv2d(weight=exact(rng, 6, 4, 3, 3), bias=np.zeros(6), **conv),
        spiking_if((6, 4, 4), theta=40), nir.AvgPool2d(**pool), nir.Flatten({"input": np.array([6, 2, 2])}, 0, -1),
        nir.Linear(weight=exact(rng, 5, 24)), spiking_if(5, theta=8), shape=(2, 8, 8),
    )  # fmt: skip
