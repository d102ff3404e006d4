"""Small spiking networks: every kind of layer alone at awkward sizes, and joined in every way."""

from __future__ import annotations

from typing import Any

import numpy as np

Fields = dict[str, Any]


def _weights(seed: int, *shape: int, low: int = -20, high: int = 30) -> list[Any]:
    return np.random.default_rng(seed).integers(low, high, shape).tolist()


SPIKING = {"threshold": 40}

ALONE: dict[str, Fields] = {
    "conv": {"input_shape": (3, 5, 4), "input": "pixels", "layers": [
        {"name": "a", "kind": "conv2d", "channels": 5, "kernel": (3, 2), "padding": (1, 1), "stride": (2, 1),
         "omega": 2, "weights": _weights(1, 5, 3, 3, 2), "bias": [1, -2, 300, 0, -4]}]},
    "conv_full": {"input_shape": (3, 5, 4), "layers": [
        {"name": "a", "kind": "conv2d", "channels": 3, "kernel": (2, 2), "omega": 3, "kappa": 2,
         "weights": _weights(2, 3, 3, 2, 2), "neuron": {"threshold": [20, 5, 60]}}]},
    "conv_one": {"input_shape": (1, 1, 1), "steps": 3, "layers": [
        {"name": "a", "kind": "conv2d", "channels": 1, "weights": [7], "neuron": {"threshold": 10}}]},
    "groups": {"input_shape": (4, 3, 5), "steps": 3, "layers": [
        {"name": "a", "kind": "conv2d", "channels": 6, "groups": 2, "kernel": (2, 3), "padding": (0, 2), "omega": 4,
         "stride": (1, 3), "weights": _weights(3, 6, 2, 2, 3), "neuron": SPIKING}]},
    "depthwise": {"input_shape": (3, 4, 1), "steps": 2, "layers": [
        {"name": "a", "kind": "depthwise", "channels": 6, "kernel": (3, 1), "padding": (2, 0), "omega": 5,
         "weights": _weights(4, 6, 1, 3, 1), "neuron": {"threshold": 25, "leak": "shift", "leak_shift": 2}}]},
    "sum_pool": {"input_shape": (2, 5, 7), "layers": [
        {"name": "a", "kind": "sum_pool", "kernel": (2, 3), "stride": (2, 3), "padding": (1, 0)}]},
    "average_pool": {"input_shape": (1, 4, 4), "input": "pixels", "layers": [
        {"name": "a", "kind": "average_pool", "kernel": (3, 1), "padding": (1, 0)}]},
    "max_pool": {"input_shape": (1, 3, 4), "input": "pixels", "layers": [
        {"name": "a", "kind": "conv2d", "channels": 2, "weights": [5, -3], "bias": [-700, 20]},
        {"name": "b", "kind": "max_pool", "kernel": (3, 3), "stride": (2, 2), "padding": (2, 2)}]},
    "dense": {"input_shape": (11,), "input": "counts", "input_high": 5, "layers": [
        {"name": "a", "kind": "dense", "channels": 3, "weights": _weights(5, 3, 11), "omega": 2}]},
    "dense_one": {"input_shape": (1,), "steps": 5, "layers": [
        {"name": "a", "kind": "dense", "channels": 1, "weights": [9], "neuron": {"threshold": 20, "reset": "value"}}]},
}
"""Config fields by name; a layer alone (max_pool behind one that gives negative numbers)."""

JOINED: dict[str, Fields] = {
    "residual": {"input_shape": (2, 4, 4), "steps": 3, "layers": [
        {"name": "a", "kind": "conv2d", "channels": 4, "kernel": (3, 3), "padding": (1, 1), "omega": 4, "kappa": 3,
         "weights": _weights(6, 4, 2, 3, 3, high=40), "bias": [1, -2, 3, 0], "neuron": {"threshold": [50, 60, 70, 80]}},
        {"name": "b", "kind": "depthwise", "channels": 4, "kernel": (3, 3), "padding": (1, 1), "omega": 2,
         "weights": _weights(7, 4, 1, 3, 3, high=40)},
        {"name": "c", "kind": "add", "sources": ("a", "b"),
         "neuron": {"threshold": 48, "levels": 2, "leak": "multiplier", "leak_shift": 4, "leak_multiplier": 14,
                    "fraction": 1}},
        {"name": "p", "kind": "sum_pool", "kernel": (2, 2), "stride": (2, 2)},
        {"name": "f", "kind": "flatten"},
        {"name": "r", "kind": "recurrent", "channels": 5, "weights": _weights(8, 5, 16, low=-9, high=12), "omega": 2,
         "recurrent": _weights(9, 5, 5),
         "neuron": {"threshold": [90, 80, 70, 60, 50], "current": "shift", "compare": ">"}},
    ]},
    "lists": {"input_shape": (3, 2, 2), "steps": 2, "output": "class", "layers": [
        {"name": "f", "kind": "flatten", "neuron": {"threshold": list(range(1, 13)), "refractory": 1},
         "bias": _weights(10, 12, low=0, high=4)},
        {"name": "d", "kind": "dense", "channels": 12, "omega": 5, "weights": _weights(11, 12, 12), "neuron": SPIKING},
        {"name": "s", "kind": "add", "sources": ("f", "d")},
        {"name": "e", "kind": "dense", "channels": 3, "weights": _weights(12, 3, 12, high=21)}]},
}  # fmt: skip
"""Residual sums whose ways differ in length, recurrence, lists out of maps, thresholds by neuron."""
