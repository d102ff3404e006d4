"""What an element's tables hold, and for a loaded core the map of its memories and the words that fill them.

Every element walks two tables from their first words on: its weights, and its neurons. A constant core has them in its
logic, each field as wide as its contents need; a loaded one in memories with room for what its config's own network
takes, and for any other that takes no more.
"""

from __future__ import annotations

from typing import NamedTuple

from ...config import ConfigError
from ...fixed import signed_width
from . import EcgConfig
from .schedule import FILL, comparison, passes, shares

Rows = list[dict[str, int]]

REGISTERS, NEURONS, WEIGHTS = range(3)
"""What an address is of: the layer table, an element's neurons, an element's weights."""


class Fits(NamedTuple):
    """Room of a loaded core: layers, elements, words of an element's tables, and the bits of their fields.

    A word has its fields from the lowest bit up in the order of ``weight`` and ``neuron``.
    """

    layers: int
    elements: int
    weights: int
    neurons: int
    weight: dict[str, int]
    neuron: dict[str, int]

    @property
    def index_bits(self) -> int:
        """Bits of a word's place in its table."""
        return (max(self.weights, self.neurons, self.layers + 2) - 1).bit_length()

    @property
    def element_bits(self) -> int:
        """Bits of an element's number."""
        return (self.elements - 1).bit_length()

    @property
    def address_bits(self) -> int:
        """Bits of an address: place, then element, then what it is of."""
        return self.index_bits + self.element_bits + 2

    def address(self, kind: int, element: int, index: int) -> int:
        """``kind * 2^(index_bits + element_bits) + element * 2^index_bits + index``."""
        return (kind << self.element_bits | element) << self.index_bits | index


def tables(config: EcgConfig, element: int) -> tuple[Rows, Rows]:
    """An element's weights, with the zeros before each and whether it is its neuron's last, and its neurons."""
    weights, neurons = [], []
    half = 1 << (config.accumulator - 1)
    for layer, given in enumerate(shares(config)):
        for j in given[element]:
            row = config.weights[layer][j]
            used = list(range(len(row))) if config.coding == "dense" else [k for k, w in enumerate(row) if w]
            used = used or [0]  # a neuron without weights: one that is 0
            weights += [{"weight": row[k], "run": k - at - 1, "last": int(k == used[-1])}
                        for k, at in zip(used, [-1, *used], strict=False)]  # fmt: skip
            bias = config.biases[layer][j]
            start = min(max(config.steps * bias, -half), half - 1) if config.neuron == "ssf" else bias
            neurons.append({
                "start": start, "target": j, "theta": config.thetas[layer][j] if layer < config.num_layers - 1 else 0,
                "end": int(j == given[element][-1]), "bitmap": sum(1 << k for k in used),
            })  # fmt: skip
    return weights, neurons


def fields(config: EcgConfig, weights: Rows, neurons: Rows) -> tuple[dict[str, int], dict[str, int]]:
    """Bits of the fields of an element's tables: of what they hold, or in a loaded core of what can be loaded."""
    loaded, most = config.storage == "loaded", max(config.widths[:-1])
    if loaded:
        values = [value for layer in range(config.num_layers) for value in config.allowed(layer)]
        runs, theta = (most - 1).bit_length(), config.theta_bits if config.num_layers > 1 else 0
    else:
        values = [row["weight"] for row in weights]
        runs = max(row["run"] for row in weights).bit_length()
        theta = max(row["theta"] for row in neurons).bit_length()
    coded = {"runs": {"run": runs, "last": 1}}.get(config.coding, {})
    bitmap = {"bitmap": most} if config.coding == "bitmap" else {}
    start = config.accumulator if config.neuron == "ssf" else config.bias_bits
    target = (max(config.widths[1:]) - 1).bit_length()
    return ({"weight": signed_width(min(values), max(values)), **coded},
            {"start": start, "target": target, "theta": theta, "end": 1, **bitmap})  # fmt: skip


def packed(bits: dict[str, int], row: dict[str, int]) -> int:
    """A row as a word, its fields from the lowest bit up."""
    word = at = 0
    for key, width in bits.items():
        word |= (row[key] & ((1 << width) - 1)) << at
        at += width
    return word


def room(core: EcgConfig) -> Fits:
    """What a loaded core has room for."""
    elements = min(core.pes, max(core.widths[1:]))
    each = [tables(core, element) for element in range(elements)]
    weights, neurons = (max(len(found[k]) for found in each) for k in (0, 1))
    return Fits(core.num_layers, elements, max(weights, 2), max(neurons, 2), *fields(core, [], []))


def check_fits(core: EcgConfig, network: EcgConfig) -> None:
    """Refuses a network that a loaded core has no room for, or whose numbers it cannot hold.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    fits, widest = room(core), max(core.widths[1:-1], default=0)
    for key in ("steps", "neuron", "accumulator", "coding", "pes"):
        if (asked := getattr(network, key)) != getattr(core, key):
            raise ConfigError(f"{key} of a loaded network must be the core's {getattr(core, key)}, not {asked}")
    _most("layers", core.num_layers, network.num_layers)
    _most("inputs", core.widths[0], network.widths[0])
    _most("classes", core.widths[-1], network.widths[-1])
    _most("neurons of a hidden layer", widest, max(network.widths[1:-1], default=0))
    half = 1 << (fits.weight["weight"] - 1)
    ranges = {"weights": (-half, half - 1), "thetas": (1, (1 << core.theta_bits) - 1)}
    if core.neuron == "ssf":
        half = 1 << (core.accumulator - 1)
        ranges["biases"] = (-(half // core.steps), (half - 1) // core.steps)
    else:
        half = 1 << (core.bias_bits - 1)
        ranges["biases"] = (-half, half - 1)
    found = {"weights": [w for rows in network.weights for row in rows for w in row],
             "thetas": [theta for row in network.thetas for theta in row],
             "biases": [b for row in network.biases for b in row]}  # fmt: skip
    for key, (low, high) in ranges.items():
        if bad := [value for value in found[key] if not low <= value <= high]:
            raise ConfigError(f"{key} of a loaded network must be {low} to {high} for this core, not {bad[0]}")
    for element in range(fits.elements):
        for key, most, rows in zip(("weights", "neurons"), fits[2:4], tables(network, element), strict=True):
            _most(f"{key} of an element", most, len(rows))


def _most(what: str, most: int, count: int) -> None:
    if count > most:
        raise ConfigError(f"{what} of a loaded network must be at most {most}, not {count}")


def load_words(core: EcgConfig, network: EcgConfig) -> list[tuple[int, int]]:
    """Addresses and words that make a loaded core compute a network, in the order in which they are sent.

    The first word says that there is no network, the last how many layers it has: a load that is broken off leaves none
    behind, and may be begun again, or another one. Between them come the widths of the layers less one, then each
    element's neurons and weights.

    Parameters
    ----------
    core : EcgConfig
        With ``storage = loaded``.
    network : EcgConfig
        One that fits; of its fields those of the network and those that say how it is walked are read.

    Raises
    ------
    ConfigError
        In one sentence, if the core is none of these, or the network does not fit.
    """
    if core.storage != "loaded":
        raise ConfigError(f"storage must be loaded for a core that takes words, not {core.storage}")
    check_fits(core, network)
    fits = room(core)
    words = [(fits.address(REGISTERS, 0, 0), 0)]
    words += [(fits.address(REGISTERS, 0, 1 + k), width - 1) for k, width in enumerate(network.widths)]
    for element in range(fits.elements):
        weights, neurons = tables(network, element)
        words += [(fits.address(NEURONS, element, k), packed(fits.neuron, row)) for k, row in enumerate(neurons)]
        words += [(fits.address(WEIGHTS, element, k), packed(fits.weight, row)) for k, row in enumerate(weights)]
    return [*words, (fits.address(REGISTERS, 0, 0), network.num_layers)]


def word_pieces(core: EcgConfig) -> tuple[int, int]:
    """How the load port's word comes: so many pieces of so many bits, at most 64, the lowest first."""
    fits = room(core)
    widths = (max(core.widths) - 1).bit_length()
    bits = max(sum(fits.weight.values()), sum(fits.neuron.values()), widths, core.num_layers.bit_length())
    pieces = -(-bits // 64)
    return pieces, -(-bits // pieces)


def most_cycles(core: EcgConfig) -> int:
    """Cycles that no beat of a loaded network takes more than: all words read, every comparison waited for."""
    fits = room(core)
    walk = fits.weights + fits.neurons * core.moved_width + core.num_layers * (comparison(core, 0) + FILL + 1)
    return passes(core) * walk + fits.elements + 2

