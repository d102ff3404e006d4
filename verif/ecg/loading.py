"""Evidence for classifier cores whose network is loaded: networks one after the other, loads that are broken off.

What a core holds is read back from the words that it was sent, by the map that its manifest states; the golden model
then answers as for a constant network of that kind.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch

from ...golden.ecg import ecg
from ...hw.config import ConfigError
from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.tables import NEURONS, REGISTERS, WEIGHTS, check_fits, load_words, room, word_pieces
from . import stimulus as beats

Vectors = dict[str, np.ndarray]

FEATURES: dict[str, str] = {
    "empty": "a beat comes while there is no network, and is of class 0",
    "another": "a beat meets another network than the one before it",
    "smaller": "a beat meets a network with fewer inputs, layers or neurons than there is room for",
    "broken_off": "a load begins before the one before it was complete",
    "code_beyond": "a code is above T, and counts as T",
}
"""Feature name to what it means."""


def features(config: EcgConfig) -> dict[str, str]:
    """The features that this config can show."""
    full = config.steps == (1 << config.count_width) - 1
    return {key: text for key, text in FEATURES.items() if key != "code_beyond" or not full}


def stimulus(config: EcgConfig, count: int, seed: int, kind: str) -> Vectors:
    """Codes and words, at least ``count`` beats and words; beats without a network, then loads with beats between.

    The config's own network comes first, then others that fit, drawn at random; before each of these a part of a load
    of it and beats that meet no network. Beats are those of :func:`nervure.verif.ecg.stimulus.stimulus` of the network
    loaded; what a beat has for a word, and a word for counts, is random.
    """
    rng = np.random.default_rng([seed, 7])
    parts, network, rows, loads = [_beats(config, config, 3, seed, kind, rng)], config, 3, 0
    while rows < count or loads < 2:
        words = load_words(config, network)
        if loads:
            parts += [_words(config, words[: int(rng.integers(1, len(words)))], rng),
                      _beats(config, network, 2, seed + loads, kind, rng)]  # fmt: skip
        many = max(12, min(count // 4, 400))
        parts += [_words(config, words, rng), _beats(config, network, many, seed + loads, kind, rng)]
        network, loads, rows = drawn(config, rng), loads + 1, sum(len(part["n"]) for part in parts)
    return {key: np.concatenate([part[key] for part in parts]) for key in ("n", "load", "address", "word")}


def drawn(core: EcgConfig, rng: np.random.Generator) -> EcgConfig:
    """A network of random integers that fits and is of other widths; the core's own where none is found soon."""
    half = 1 << (room(core).weight["weight"] - 1)
    dense = 0.9 if core.coding == "dense" else 0.9 * sum(core.nonzero) / sum(core.all_weights)
    for _ in range(40):
        layers = int(rng.integers(1, core.num_layers + 1))
        hidden = [int(rng.integers(1, max(core.widths[1:-1]) + 1)) for _ in range(layers - 1)]
        widths = [int(rng.integers(1, core.widths[0] + 1)), *hidden, int(rng.integers(2, core.widths[-1] + 1))]
        if widths == list(core.widths):
            continue
        pairs = list(pairwise(widths))
        weights = [rng.integers(-half, half, (b, a)) * (rng.random((b, a)) < dense) for a, b in pairs]
        limit = max(1, 2 * half * widths[0] // 3)
        thetas = [rng.integers(1, min(limit, (1 << core.theta_bits) - 1) + 1, b).tolist() for b in hidden]
        most = min(half, 1 << (core.bias_bits - 1), ((1 << (core.accumulator - 1)) - 1) // core.steps + 1)
        biases = [rng.integers(-most + 1, most, b).tolist() for _, b in pairs]
        try:
            found = of_core(core, widths, [rows.tolist() for rows in weights], biases, thetas)
            check_fits(core, found)
        except ConfigError:
            continue
        return found
    return core


def of_core(core: EcgConfig, widths: Any, weights: Any, biases: Any, thetas: Any) -> EcgConfig:
    """The config of a network of integers as a core walks it: what is not the network's is the core's."""
    bits = [max(2, room(core).weight["weight"])] * (len(widths) - 1)
    return EcgConfig(**{
        **core.to_dict(), "widths": widths, "weights": weights, "biases": biases, "thetas": thetas,
        "weight_bits": bits, "weight_kinds": None, "storage": "constants", "bias_bits": 16, "network": "loaded",
        "module": None,
    })  # fmt: skip


def expect(config: EcgConfig, inputs: Vectors) -> Vectors:
    """The golden model's answers: each of the network that was loaded last; class 0, confidence 0 of none."""
    found: dict[str, list[np.ndarray]] = {"label": [], "confidence": []}
    for rows, network in _stays(config, inputs):
        n = torch.from_numpy(inputs["n"][rows].astype(np.int64)).clamp(max=config.steps)
        if network is None:
            answer = {key: np.zeros(len(rows), np.uint64) for key in found}
        else:
            said = ecg(network, n[:, : network.widths[0]])
            answer = {key: getattr(said, key).numpy().astype(np.uint64) for key in found}
        for key, codes in answer.items():
            found[key].append(codes)
    return {key: np.concatenate(codes) for key, codes in found.items()}


def ends(inputs: Vectors) -> np.ndarray:
    """For each answer the beat that it is of: words have none."""
    return np.flatnonzero(inputs["load"] == 0)


def coverage(config: EcgConfig, inputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    stays = _stays(config, inputs)
    networks = [network for _, network in stays if network is not None]
    clears = (inputs["load"] == 1) & (inputs["address"] == room(config).address(REGISTERS, 0, 0))
    layers = inputs["word"][clears, 0]
    hits = {
        "empty": sum(len(rows) for rows, network in stays if network is None),
        "another": sum(a != b for a, b in pairwise(networks)),
        "smaller": sum(network.widths != config.widths for network in networks),
        "broken_off": int(((layers[:-1] == 0) & (layers[1:] == 0)).sum()),
        "code_beyond": int((inputs["n"][inputs["load"] == 0] > config.steps).any(-1).sum()),
    }
    return {key: hits[key] for key in features(config)}


def _beats(config: EcgConfig, network: EcgConfig, count: int, seed: int, kind: str,
           rng: np.random.Generator) -> Vectors:  # fmt: skip
    n = rng.integers(0, 1 << config.count_width, (count, config.widths[0]), dtype=np.uint64)
    n[:, : network.widths[0]] = beats.stimulus(network, count, seed, kind)["n"]
    pieces, width = word_pieces(config)
    return {"n": n, "load": np.zeros(count, np.uint64),
            "address": rng.integers(0, 1 << room(config).address_bits, count, dtype=np.uint64),
            "word": rng.integers(0, 1 << width, (count, pieces), dtype=np.uint64)}  # fmt: skip


def _words(config: EcgConfig, words: list[tuple[int, int]], rng: np.random.Generator) -> Vectors:
    pieces, width = word_pieces(config)
    word = [[text >> (k * width) & ((1 << width) - 1) for k in range(pieces)] for _, text in words]
    n = rng.integers(0, 1 << config.count_width, (len(words), config.widths[0]), dtype=np.uint64)
    return {"n": n, "load": np.ones(len(words), np.uint64),
            "address": np.array([address for address, _ in words], np.uint64), "word": np.array(word, np.uint64)}


def _stays(config: EcgConfig, inputs: Vectors) -> list[tuple[np.ndarray, EcgConfig | None]]:
    """Beats that meet the same network, in their order, with it."""
    load, memory, found = inputs["load"].astype(bool), {}, []
    _, width = word_pieces(config)
    edges = np.flatnonzero(np.diff(load)) + 1
    for rows in np.split(np.arange(len(load)), edges):
        if load[rows[0]]:
            for address, pieces in zip(inputs["address"][rows].tolist(), inputs["word"][rows].tolist(), strict=True):
                memory[address] = sum(piece << (k * width) for k, piece in enumerate(pieces))
        else:
            found.append((rows, _network(config, memory)))
    return found


def _network(core: EcgConfig, memory: dict[int, int]) -> EcgConfig | None:
    """The network that the words make; None where there is none."""
    fits = room(core)
    layers = memory.get(fits.address(REGISTERS, 0, 0), 0)
    if not 1 <= layers <= core.num_layers:
        return None
    widths = [memory[fits.address(REGISTERS, 0, 1 + k)] + 1 for k in range(layers + 1)]
    weights: list[list[Any]] = [[None] * neurons for neurons in widths[1:]]
    biases, thetas = [[0] * neurons for neurons in widths[1:]], [[0] * neurons for neurons in widths[1:-1]]
    for element in range(fits.elements):
        at = number = 0
        for layer in range(layers):
            while element < widths[layer + 1]:
                neuron = _fields(fits.neuron, memory[fits.address(NEURONS, element, number)], "start")
                number += 1
                row, place, rest = [0] * widths[layer], -1, neuron.get("bitmap", 0)
                while True:
                    entry = _fields(fits.weight, memory[fits.address(WEIGHTS, element, at)], "weight")
                    at += 1
                    if core.coding == "bitmap":
                        place, rest = (rest & -rest).bit_length() - 1, rest & (rest - 1)
                    else:
                        place += 1 + entry.get("run", 0)
                    row[place] = entry["weight"]
                    last = {"bitmap": not rest, "runs": entry.get("last")}.get(core.coding, place == len(row) - 1)
                    if last:
                        break
                j = neuron["target"]
                weights[layer][j], biases[layer][j] = row, neuron["start"]
                if core.neuron == "ssf":
                    biases[layer][j] = neuron["start"] // core.steps
                if layer < layers - 1:
                    thetas[layer][j] = neuron["theta"]
                if neuron["end"]:
                    break
    return of_core(core, widths, weights, biases, thetas)


def _fields(bits: dict[str, int], word: int, signed: str) -> dict[str, int]:
    """The fields of a word, one of them in two's complement."""
    found, at = {}, 0
    for key, width in bits.items():
        value = word >> at & ((1 << width) - 1)
        found[key] = value - (value >> (width - 1) << width) if key == signed else value
        at += width
    return found
