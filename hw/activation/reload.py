"""Two tables in memories: one holds, the other is filled; what a beat writes is written where the beat is.

Every memory is read and written by the beat that stands before it, and beats pass in order, so that a load never
changes what a beat ahead of it finds, and no beat waits for a load.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike, signed
from amaranth.lib.memory import Memory

from ..fixed import Fixed
from .config import ActivationConfig
from .entries import cells, signs
from .segments import asked, select


class Tables:
    """The memories of a unit, and the state at its entry.

    Parameters
    ----------
    m : Module
    config : ActivationConfig
    enable : Signal or None
        Low where nothing moves.
    """

    def __init__(self, m: Module, config: ActivationConfig, enable: Signal | None):
        self.m, self.config = m, config
        self.moves: ValueLike = Const(1, 1) if enable is None else enable
        self.count = len(config.slopes)
        self.bits = (self.count - 1).bit_length()

    def enter(self, beat: Any, valid: ValueLike) -> dict[str, Value]:
        """The state at the entry takes a beat; what travels with the beat.

        ``own``: the config's table holds, else that of memory ``half``. ``load``: the beat brings segment ``to`` of the
        other half, which ``filled`` counts.
        """
        m, count = self.m, self.count
        own, half = Signal(name="own", init=1), Signal(name="half")
        filled = Signal(range(count + 1), name="filled")
        load, full = Signal(name="loads"), Signal(name="full")
        m.d.comb += [
            load.eq(valid & beat.load & (filled != count)),
            full.eq((filled == count) | (load & (filled == count - 1))),
        ]
        with m.If(self.moves & valid):
            m.d.sync += filled.eq(filled + load)
            with m.If(beat.swap):
                m.d.sync += filled.eq(0)
                with m.If(full):
                    m.d.sync += [own.eq(0), half.eq(~half)]
        tag: dict[str, Value] = {"own": own, "half": half, "load": load, "slope": beat.slope, "bias": beat.bias}
        if self.bits:
            tag["to"] = filled[: self.bits]
            if self.config.knots == "free":
                tag["knot"] = beat.knot
        return tag

    def _held(self, name: str, depth: int, live: Mapping[str, Value], write: tuple[Value, Value, Value],
              address: Value) -> Value:  # fmt: skip
        """What the table of a beat holds at an address; ``write`` is enable, address and data for the spare one."""
        enable, to, word = write
        memory = Memory(shape=len(word), depth=2 * depth, init=[])
        self.m.submodules[name] = memory
        port, found = memory.write_port(), memory.read_port(domain="comb")
        self.m.d.comb += [
            port.en.eq(self.moves & enable), port.addr.eq(Cat(to, ~live["half"])), port.data.eq(word),
            found.addr.eq(Cat(address, live["half"])),
        ]  # fmt: skip
        return found.data

    def knot(self, level: int, live: Mapping[str, Value], above: Value) -> tuple[Value, Value]:
        """The knot that a level of the search asks about, and whether there is one; ``above`` are the index's bits."""
        fixed, width = asked(self.config, level), len(live["knot"])
        # A segment's knot is asked about at the level of the lowest one in the segment's number.
        to = live["to"]
        mine = live["load"] & to[level] & ~to[:level].any()
        held = self._held(f"knots{level}", len(fixed), live, (mine, to[level + 1 :], live["knot"]), above)
        shape = signed(width) if self.config.first < 0 else width
        chosen = Signal(shape, name=f"knot{level}")
        self.m.d.comb += chosen.eq(Mux(live["own"], select(above, fixed, Const(0, shape).shape()), held))
        real = sum((2 * prefix + 1) << level < self.count for prefix in range(len(fixed)))
        return chosen, above < real if real < len(fixed) else Const(1, 1)

    def line(self, live: Mapping[str, Value], index: Value, negative: Value | None) -> tuple[Value, Value]:
        """Slope and constant of a beat's segment as of a line in ``u``, symmetry and rounding included."""
        config = self.config
        rows = cells(config)
        first = {row.k: at for at, row in reversed(list(enumerate(rows))) if row}
        places = _padded([first[k] for k in range(self.count)])
        to = select(live["to"] if self.bits else Const(0, 0), places, Const(0, max(len(index), 1)).shape())
        word = Cat(live["slope"], live["bias"])
        held = self._held("lines", len(rows), live, (live["load"], to[: len(index)], word), index)

        def chosen(name: str, fmt: Fixed, values: tuple[int, ...], given: Value) -> Signal:
            shape = signed(fmt.width) if fmt.signed else fmt.width
            fixed = select(index, [row and values[row.k] for row in rows], Const(0, shape).shape())
            found = Signal(shape, name=name)
            self.m.d.comb += found.eq(Mux(live["own"], fixed, given))
            return found

        width = config.slope_format.width
        slope: Value = chosen("slope_raw", config.slope_format, config.slopes, held[:width])
        bias: Value = chosen("bias_raw", config.bias_format, config.biases, held[width:])
        if signs(config):
            assert negative is not None
            if config.symmetry == "relu":
                slope = slope + (~negative << config.slope_format.fraction_bits)
            else:
                centre = config.centre if config.symmetry == "point" else 0
                slope, bias = Mux(negative, -slope, slope), Mux(negative, centre - bias, bias)
        drop = config.fraction_bits - config.output_format.fraction_bits
        constant = bias << (config.fraction_bits - config.bias_format.fraction_bits)
        return slope, constant + (1 << (drop - 1)) if drop > 0 else constant


def _padded(values: list[int]) -> list[int | None]:
    """To a power of two, with what does not matter."""
    return [*values, *[None] * ((1 << (len(values) - 1).bit_length()) - len(values))]
