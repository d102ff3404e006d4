"""Before the sum of a float lane: exponents compared, and what follows for both addends, at once or in turn."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Callable, Mapping

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike

from ..lib.block import place_block
from .geometry import Geometry
from .unpack import Exponents, distance

State = dict[str, ValueLike]
Cut = Callable[[State], State]


class Compared:
    """Compares the exponents of product and addend.

    :meth:`at_once` clears the addend that lies below the window altogether by its register's synchronous reset, in the
    stage of the comparison: the smallest lane. :meth:`in_turn` clears it behind the alignment, and chooses the sign
    there: where ranks are many, no stage is then much longer than the others.

    Parameters
    ----------
    m : Module
    geometry : Geometry
    flush : bool
        An addend without its top bit counts as zero.
    live : mapping
        What :func:`~nervure.hw.mac.lane.float_lane` is given.
    carry : mapping
        Delayed along.
    prefix : str
        Before the names of blocks and signals.
    given : bool
        The difference of the exponents is taken before the cut, all that follows from it behind (:meth:`in_turn` only).
    """

    def __init__(self, m: Module, geometry: Geometry, flush: bool, live: Mapping[str, ValueLike],
                 carry: Mapping[str, ValueLike], prefix: str, given: bool = False):  # fmt: skip
        self.m, self.live, self.carry, self.prefix, self.given = m, live, carry, prefix, given
        self.exponents = exponents = place_block(m, f"{prefix}exponents", Exponents(geometry, given))
        self.subtract, self.special = Signal(name=f"{prefix}subtract"), Signal(2, name=f"{prefix}special")
        self.special_p, self.special_c = Value.cast(live["special_p"]).any(), Value.cast(live["special_c"]).any()
        self.zero_p = Value.cast(live["zero_p"])
        self.zero_c = ~Value.cast(live["c"])[-1] if flush else ~Value.cast(live["c"]).any()
        if not given:
            self._feed(live)
        m.d.comb += [
            self.subtract.eq(live["sign_p"] ^ live["sign_c"]),
            # Infinities of opposite signs are invalid.
            self.special.eq(Cat(self.special_p | self.special_c,
                                Value.cast(live["special_p"])[1] | Value.cast(live["special_c"])[1]
                                | (self.subtract & self.special_p & self.special_c))),
        ]  # fmt: skip
        self.anchor_c, self.beyond = exponents.anchor_c, exponents.beyond

    def _feed(self, state: Mapping[str, ValueLike]) -> None:
        names = ("e_p", "field_c", "zero_p", *(("v",) if self.given else ()))
        self.m.d.comb += [getattr(self.exponents, name).eq(state[name]) for name in names]

    def _sign(self, anchor_c: ValueLike) -> Value:
        """The sign of what is infinite, or of the anchor; that of NaN is of no account."""
        return Mux(self.special_c | (anchor_c & ~self.special_p), self.live["sign_c"], self.live["sign_p"])

    def _top(self, special: ValueLike) -> Value:
        """An infinity or a NaN is a sum that is too large: with the greatest exponent."""
        top = self.exponents.top
        return Mux(Value.cast(special)[0], (1 << len(top)) - 1, top)

    def at_once(self, cut: Cut) -> State:
        """``p``, ``c``, ``anchor_c``, ``shift``, ``dropped`` (something is below the window), ``top``, ``subtract``,
        ``special``, ``sign`` and what is carried, behind the cut."""
        m, anchor_c, beyond, live = self.m, self.anchor_c, self.beyond, self.live
        sign, dropped = Signal(name="sign"), Signal(name="dropped")
        drop_p, drop_c = Signal(name=f"{self.prefix}drop_p"), Signal(name=f"{self.prefix}drop_c")
        m.d.comb += [
            sign.eq(self._sign(anchor_c)),
            drop_p.eq(self.zero_p | (anchor_c & beyond)),
            drop_c.eq(self.zero_c | (~anchor_c & beyond)),
            dropped.eq(beyond & ~self.zero_p & (anchor_c | ~self.zero_c)),
        ]
        return cut({
            "p": Mux(drop_p, 0, live["p"]), "c": Mux(drop_c, 0, live["c"]), "anchor_c": anchor_c,
            "shift": self.exponents.shift, "dropped": dropped, "top": self._top(self.special),
            "subtract": Mux(self.special[0], 0, self.subtract), "special": self.special, "sign": sign, **self.carry,
        })  # fmt: skip

    def in_turn(self, cut: Cut) -> State:
        """As :meth:`at_once`, and ``beyond``: what is shifted is still to be cleared there."""
        live, exponents = self.live, self.exponents
        known: State = {
            "p": Mux(self.zero_p, 0, live["p"]), "c": Mux(self.zero_c, 0, live["c"]),
            "some_p": ~self.zero_p, "some_c": ~self.zero_c, "signs": Cat(self._sign(0), self._sign(1)),
            "subtract": Mux(self.special[0], 0, self.subtract), "special": self.special, **self.carry,
        }  # fmt: skip

        def found(special: ValueLike) -> State:
            return {"anchor_c": self.anchor_c, "beyond": self.beyond, "shift": exponents.shift,
                    "top": self._top(special)}  # fmt: skip

        if self.given:
            v = distance(Value.cast(live["e_p"]), Value.cast(live["field_c"]))[: len(exponents.v)]
            state = cut({**known, "v": v.as_signed(), **{name: live[name] for name in ("e_p", "field_c", "zero_p")}})
            self._feed(state)
            state = {**state, **found(state["special"])}
        else:
            state = cut({**known, **found(self.special)})
        some = Mux(state["anchor_c"], state["some_p"], state["some_c"])
        sign = Value.cast(state["signs"]).bit_select(state["anchor_c"], 1)
        return {**state, "sign": sign, "dropped": state["beyond"] & some}
