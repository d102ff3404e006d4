"""What a layer's folding takes, before synthesis: cycles, DSP slices, LUTs, block RAMs, by arithmetic.

Cycles are exact. LUTs are those that folding decides: neuron cores, joining, comparing, membranes and lines. Choosing
numbers out of a window, buffers between layers, pools and totals come on top, so that a synthesised network has more;
``scripts/snn_foldings.py`` prints both.
"""

from __future__ import annotations

import numpy as np

from ...hw.snn.config import Facts, SnnConfig
from ...hw.snn.config.layer import Layer
from ...hw.snn.config.shape import SYNAPSES, rounds_of

RESOURCES = ("dsp", "lut", "bram")
COLUMNS = ("omega", "kappa", "cycles", *RESOURCES)
"""Columns of the tables of foldings."""
BRAM_BITS, BRAM_WIDTH = 36864, 72
LUT_RAM_BITS, SHALLOW = 64, 128
"""Memories of up to so many words are LUTs, which hold 64 bits each."""
MAX_KAPPA = 256


def options(layer: Layer, facts: Facts, network: SnnConfig, adders: str = "dsp") -> np.ndarray:
    """All foldings of a layer that none beats in cycles and cores: int64 ``(foldings, columns)``.

    For every number of rounds over the channels the least omega, and for every number over the synapses the least
    kappa.
    """
    groups = -(-facts.synapses // SYNAPSES)
    omegas = np.unique(-(-layer.channels // np.arange(1, layer.channels + 1)))
    kappas = np.unique(-(-groups // np.arange(1, groups + 1)))
    pairs = np.stack(np.meshgrid(omegas, kappas[kappas <= MAX_KAPPA], indexing="ij"), -1).reshape(-1, 2)
    return cost(layer, facts, network, pairs[:, 0], pairs[:, 1], adders)


def cost(layer: Layer, facts: Facts, network: SnnConfig, omega: np.ndarray, kappa: np.ndarray,
         adders: str = "dsp") -> np.ndarray:  # fmt: skip
    """What foldings take, a row for each pair of omega and kappa.

    A layer has ``omega * kappa`` cores of 8 synapses. With adders of DSPs each has a slice for its sum of 8 (FOUR12),
    and two share one that accumulates (TWO24); with adders of LUTs it has the adder tree's bits and the accumulator's.
    A first layer of pixels multiplies, with 8 slices a core. Counts of more than one bit cost a LUT for each bit of a
    product. Of the channels of a round, the parts are joined, compared and reset. Weights lie in memories of
    ``8 * weight_bits`` wires a core, a word for each round; membranes, where there are several passes, in memories of a
    word for each place and round of channels.
    """
    turns, rounds = rounds_of(layer, facts.synapses, omega, kappa)
    places = facts.walk.rows * facts.walk.columns
    cores, width = omega * kappa, facts.sum_width
    dsp, lut = np.zeros_like(cores), np.zeros_like(cores)
    if wires(network, facts) == 8:
        dsp = dsp + SYNAPSES * cores
    elif (more := wires(network, facts) - 1) > 0:
        lut = lut + cores * SYNAPSES * layer.weight_bits * more
    if adders == "dsp":
        dsp = dsp + cores + -(-cores // 2)
    else:
        lut = lut + cores * (7 * (layer.weight_bits + 2) + width)
    lut = lut + omega * ((kappa - 1) * width + 2 * width + 8)
    weight_lut, bram = memory(rounds * turns, SYNAPSES * layer.weight_bits, cores)
    law = layer.neuron
    if law is not None and network.passes > 1:
        state = law.membrane_width + (law.current_width if law.current != "absent" else 0)
        more_lut, more_bram = memory(places * turns, state, omega)
        weight_lut, bram = weight_lut + more_lut, bram + more_bram
    return np.stack([omega, kappa, facts.walk.cycles(rounds * turns), dsp, lut + weight_lut, bram], 1)


def memory(depth: np.ndarray, width: int, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """LUTs and block RAMs of so many memories."""
    shallow = depth <= SHALLOW
    wide = np.minimum(BRAM_WIDTH, np.maximum(1, BRAM_BITS // np.maximum(1, depth)))
    deep = np.maximum(1, -(-depth // BRAM_BITS))
    luts, rams = count * width * -(-depth // LUT_RAM_BITS), count * deep * -(-width // wide)
    return np.where(shallow, luts, 0), np.where(shallow, 0, rams)


def wires(network: SnnConfig, facts: Facts) -> int:
    """Bits of each number that comes into a layer."""
    ranges = [network.highest_input if name == "input" else network.facts[name].values[1] for name in facts.sources]
    return max(1, max(ranges).bit_length())


def fixed(network: SnnConfig) -> np.ndarray:
    """What line buffers take, however the network is folded: DSPs, LUTs, block RAMs."""
    used = np.zeros(3, np.int64)
    for layer in network.layers:
        facts = network.facts[layer.name]
        if len(facts.source_shape) != 3 or layer.kind in ("add", "flatten"):
            continue
        channels, _, columns = facts.source_shape
        width = channels * wires(network, facts)
        luts, rams = memory(np.array(columns), width, np.array(layer.kernel[0] - 1))
        # The window itself is registers, about as many LUTs to move it.
        used += np.array([0, int(luts) + width, int(rams)])
    return used
