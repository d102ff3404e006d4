"""What a layer of dendrite branches is: a table for every few inputs (what), joint tables and registers (how)."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...config import Config
from ...fixed import signed_width
from .sums import Leaf, depth, settled, span

MAX_ADDRESS, MAX_ENTRY, MAX_SIZE = 12, 1 << 23, 4096


class DtnnConfig(Config):
    """A layer whose branches are tables: no weight is read and nothing is multiplied.

    Branch i of an output takes the inputs ``i * group`` to ``i * group + group - 1`` (the last branch what is left);
    their codes, the first in the lowest bits, are the address of its table T. With ``join=adders``

        s_k = offset_k + sum_i T_ki[address_i]

    and with ``join=tables`` a second level of tables U takes the codes that the branches give, ``fan`` of them each:

        s_k = offset_k + sum_n U_kn[T_k(n fan), ..., T_k(n fan + fan - 1)]

    Then ``y_k = s_k``, or ``clamp(s_k >> shift, 0, 2^output_bits - 1)``. A table that is not there adds nothing (in the
    first level of two: gives code 0).

    Parameters
    ----------
    network : str
        What the layer is called.
    inputs, outputs : int
        1 to 4096.
    bits : int
        Bits of an input's code, 1 to 12.
    group : int
        Inputs of a branch; ``group * bits`` is at most 12.
    join : str
        ``adders`` or ``tables``.
    branches : tuple of tuples of int
        One for each table: output, branch, entries. Of ``join=adders`` entries have at most 24 bits; of
        ``join=tables`` they are codes of ``middle`` bits.
    middle : int
        Bits of the codes between two levels of tables.
    fan : int
        Branches of a table of the second level; ``fan * middle`` is at most 12.
    joins : tuple of tuples of int
        One for each table of the second level: output, number, entries of at most 24 bits.
    offsets : tuple of int
        One for each output.
    output_bits : int or None
        Bits of a code of y; None: y is the sum.
    shift : int
        Right shift of the sum before the clamp.
    registers : int
        A register follows every so many steps: the first level of two, the first adders with the tables before them,
        each level of adders after that, the clamp. 1 to 8.
    interface : str
        ``stream`` or ``bare``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.

    Source: DTNN, arXiv 2105.11848 (abstract: branches with quantised activations are tables); which way they are joined
    it leaves open.
    """

    unit: ClassVar[str] = "dtnn"

    network: str = Field("digits", min_length=1, max_length=64, description="name of the layer")
    inputs: int = Field(64, ge=1, le=MAX_SIZE, description="inputs")
    outputs: int = Field(10, ge=1, le=MAX_SIZE, description="outputs")
    bits: int = Field(2, ge=1, le=MAX_ADDRESS, description="bits of an input's code")
    group: int = Field(3, ge=1, le=MAX_ADDRESS, description="inputs of a branch")
    join: Literal["adders", "tables"] = Field("adders", description="what joins the branches")
    branches: tuple[tuple[int, ...], ...] = Field((), description="output, branch, entries of each table")
    middle: int = Field(4, ge=1, le=MAX_ADDRESS, description="bits of a code between two levels of tables")
    fan: int = Field(2, ge=1, le=MAX_ADDRESS, description="branches of a table of the second level")
    joins: tuple[tuple[int, ...], ...] = Field((), description="output, number, entries of the second level")
    offsets: tuple[int, ...] = Field((), description="added to each sum")
    output_bits: int | None = Field(None, ge=1, le=24, description="bits of a code of y")
    shift: int = Field(0, ge=0, le=24, description="right shift of the sum")
    registers: int = Field(1, ge=1, le=8, description="steps between registers")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key, size, bits in (("group", self.group, self.bits), ("fan", self.fan, self.middle)):
            if size * bits > MAX_ADDRESS:
                raise ValueError(f"{key} must make addresses of at most {MAX_ADDRESS} bits, not {size} * {bits}")
        if self.output_bits is None and self.shift:
            raise ValueError(f"shift requires output_bits, not shift={self.shift} alone")
        if len(self.offsets) != self.outputs:
            raise ValueError(f"offsets must be {self.outputs}, one for each output, not {len(self.offsets)}")
        if bad := [value for value in self.offsets if abs(value) >= 1 << 31]:
            raise ValueError(f"offsets must be integers of 32 bits, not {bad[0]}")
        two = self.join == "tables"
        if self.joins and not two:
            raise ValueError("joins requires join=tables, not adders")
        low, high = (0, (1 << self.middle) - 1) if two else (-MAX_ENTRY, MAX_ENTRY - 1)
        self._rows("branches", len(self.groups), [len(g) * self.bits for g in self.groups], low, high)
        self._rows("joins", len(self.fans), [len(f) * self.middle for f in self.fans], -MAX_ENTRY, MAX_ENTRY - 1)
        if not any(leaf.range[0] < leaf.range[1] for k in range(self.outputs) for leaf in self.leaves(k)):
            raise ValueError("branches must make an output that depends on an input, but none does")
        return self

    def _rows(self, key: str, count: int, address: list[int], low: int, high: int) -> None:
        seen: set[tuple[int, ...]] = set()
        for row in getattr(self, key):
            if len(row) < 2 or not 0 <= row[0] < self.outputs or not 0 <= row[1] < count:
                raise ValueError(f"{key} must be of outputs 0 to {self.outputs - 1} and tables 0 to {count - 1}, "
                                 f"not {row[:2]}")  # fmt: skip
            name = f"table {row[1]} of output {row[0]} in {key}"
            if row[:2] in seen:
                raise ValueError(f"{key} must be different, not twice {name}")
            seen.add(row[:2])
            if len(row) - 2 != (wanted := 1 << address[row[1]]):
                raise ValueError(f"{name}: entries must be {wanted}, one for each address, not {len(row) - 2}")
            if bad := [entry for entry in row[2:] if not low <= entry <= high]:
                raise ValueError(f"{name}: entries must be {low} to {high}, not {bad[0]}")

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Inputs of each branch."""
        return _split(self.inputs, self.group)

    @cached_property
    def fans(self) -> tuple[tuple[int, ...], ...]:
        """Branches of each table of the second level; none where there is one level."""
        return _split(len(self.groups), self.fan) if self.join == "tables" else ()

    @cached_property
    def _tables(self) -> dict[str, dict[tuple[int, int], tuple[int, ...]]]:
        return {key: {(row[0], row[1]): row[2:] for row in getattr(self, key)} for key in ("branches", "joins")}

    def branch(self, output: int, number: int) -> Leaf | None:
        """A branch's table over the inputs."""
        entries = self._tables["branches"].get((output, number))
        return None if entries is None else Leaf(self.groups[number], self.bits, entries)

    def second(self, output: int, number: int) -> Leaf | None:
        """A table of the second level over the branches' codes."""
        entries = self._tables["joins"].get((output, number))
        return None if entries is None else Leaf(self.fans[number], self.middle, entries)

    @cached_property
    def _leaves(self) -> tuple[tuple[Leaf, ...], ...]:
        found = []
        for k in range(self.outputs):
            if self.join == "tables":
                tables = [self.second(k, n) for n in range(len(self.fans))]
            else:
                tables = [self.branch(k, i) for i in range(len(self.groups))]
            there = [table for table in tables if table] or [Leaf((), 1, (0,))]
            found.append(tuple(settled(there, self.offsets[k])))
        return tuple(found)

    def leaves(self, output: int) -> tuple[Leaf, ...]:
        """Tables that add up to an output's sum (of the second level if there are two); neighbours are added first."""
        return self._leaves[output]

    @cached_property
    def sum_width(self) -> int:
        """Bits of a sum in two's complement."""
        ends = [span(self.leaves(k)) for k in range(self.outputs)]
        return signed_width(min(low for low, _ in ends), max(high for _, high in ends))

    @cached_property
    def steps(self) -> tuple[tuple[str, bool], ...]:
        """Where registers can go, in order, and whether one is there."""
        names = ["branches"] if self.join == "tables" else []
        names += [f"sum{i + 1}" for i in range(max(depth(len(self.leaves(k))) for k in range(self.outputs)))]
        names += ["clamp"] if self.output_bits is not None else []
        names = names or ["sum1"]
        return tuple((name, i % self.registers == 0 or i == len(names)) for i, name in enumerate(names, 1))

    @property
    def latency(self) -> int:
        """Cycles: registers on the way."""
        return sum(there for _, there in self.steps)

    def derived_name(self) -> str:
        """``dtnn_NETWORK_JOIN_DIGEST``: tables of integers have no shorter name."""
        label = "".join(c if c.isalnum() else "_" for c in self.network)[:32].strip("_") or "layer"
        options = [self.interface] if self.interface != "stream" else []
        return "_".join([f"dtnn_{label}_{self.join}", *options, self.digest[:8]])


def _split(count: int, size: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(range(start, min(start + size, count))) for start in range(0, count, size))
