"""How a matrix goes through a matrix-vector engine, beat by beat, and how many cycles that takes.

The M rows of W are cut into *tiles* of up to ``rows * groups``, the K columns into *chunks* that fit one half of the
activation buffer, and the N vectors into *passes* of ``lanes_b``. A column of a tile takes one beat a group, but not
fewer than ``latency``. While a chunk is used, the same beats bring the activations of the next one: only those of the
very first chunk take beats of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...config import ConfigError
from .gemv import GemvConfig


@dataclass(frozen=True)
class Tiling:
    """``Y = W X`` on an engine in one of its modes.

    Parameters
    ----------
    config : GemvConfig
    m, k, n : int
        Rows and columns of W, columns (vectors) of X; all at least 1.
    mode : int
        0 to the number of modes - 1.

    Raises
    ------
    ConfigError
        If one of them is out of its range.
    """

    config: GemvConfig
    m: int
    k: int
    n: int = 1
    mode: int = 0

    def __post_init__(self) -> None:
        for name in ("m", "k", "n"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.mode < len(self.config.modes):
            raise ConfigError(f"mode must be 0 to {len(self.config.modes) - 1}, not {self.mode}")

    @property
    def vectors(self) -> int:
        """Vectors of a pass."""
        return self.config.modes[self.mode].lanes_b

    @property
    def passes(self) -> int:
        """Times that W streams by: ``ceil(N / lanes_b)``."""
        return -(-self.n // self.vectors)

    @property
    def num_groups(self) -> int:
        """Groups of rows in all tiles: ``ceil(M / rows)``."""
        return -(-self.m // self.config.rows(self.mode))

    @property
    def tiles(self) -> list[int]:
        """Groups of each tile. They differ by one at most, so that few tiles have fewer than ``latency``."""
        return _even(self.num_groups, self.config.groups)

    @property
    def chunks(self) -> list[int]:
        """Columns of each chunk. They differ by one at most, so that a chunk is loaded while any other is used."""
        return _even(self.k, self.config.depth)

    @property
    def mac_beats(self) -> int:
        """Beats with weights: ``K * ceil(M / rows)`` a pass."""
        return self.passes * self.k * self.num_groups

    @property
    def beats(self) -> int:
        """Beats that go in: activations of the first chunk, groups of all columns, and idle beats after groups that
        are fewer than ``latency`` (but for the last column's, after which nothing comes)."""
        column = sum(max(groups, self.config.latency) for groups in self.tiles)
        return self.chunks[0] + self.passes * self.k * column - self.idle_end

    @property
    def idle_end(self) -> int:
        """Idle beats that the last column would have."""
        return max(0, self.config.latency - self.tiles[-1])

    @property
    def cycles(self) -> int:
        """Clock cycles from the first beat taken to the last sums delivered, both counted, if nothing stalls."""
        return self.beats + self.config.latency

    @property
    def useful_macs(self) -> int:
        """Multiplications of the matrix product: ``M * K * N``."""
        return self.m * self.k * self.n

    @property
    def macs_per_beat(self) -> int:
        """Multiplications that the engine does in a cycle."""
        return self.config.units * self.config.modes[self.mode].packing.lanes

    @property
    def utilisation(self) -> Fraction:
        """Useful multiplications over those that the engine could do in the cycles it takes."""
        return Fraction(self.useful_macs, self.macs_per_beat * self.cycles)


def _even(count: int, most: int) -> list[int]:
    """As few parts as there can be of at most that many, longer ones first."""
    parts = -(-count // most)
    size, longer = divmod(count, parts)
    return [size + (i < longer) for i in range(parts)]
