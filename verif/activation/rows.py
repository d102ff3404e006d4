"""A ring of rows, proved: which beats enter, wait and come out, in sentences about all states of the emitted file.

The netlist is taken without its blocks, and memories for what they say (:mod:`.memories`). The sentences say what every
register of the control becomes, and that the ring is written where and when a beat is taken and read where it should
be. By induction over cycles from reset: beats
are written and read in order, each once; one is read only when its row is committed, which is R + 1 cycles after the
row's last beat was taken; what is kept is not overwritten before it is read, since writing stops one short of reading;
and the n-th row's finding is written to, and read from, the same place, of which there are as many as beats and one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..aig import FALSE, TRUE
from ..prove import Verdict
from .flat import Flat, structural
from .memories import written


@dataclass(frozen=True)
class Shape:
    """What the control of a unit with a ring depends on.

    Parameters
    ----------
    longest : int
        Beats of the longest row.
    ranks : int
        Ranks of the circuit that looks at rows.
    flags : tuple of str
        Registers that say whether each rank of the output, but the first, holds a beat; the last is the port o_valid.
    prefix : str
        Of the ring's names.
    source : tuple of str
        Registers (valid, last) whose beats enter; empty: those of the port.
    sink : str
        Prefix of the ring that takes what leaves (the last flag is then a register); ``"o"``: the port does.
    turn : str
        Register that says when what is between two rings may move; empty: always.
    """

    longest: int
    ranks: int
    flags: tuple[str, ...]
    prefix: str = ""
    source: tuple[str, ...] = ()
    sink: str = "o"
    turn: str = ""


@structural
def control(directory: Path, longest: int, ranks: int, flags: tuple[str, ...], prefix: str = "",
            source: tuple[str, ...] = (), sink: str = "o", turn: str = "") -> Verdict:  # fmt: skip
    """The sentences about a unit's ring, of the :class:`Shape` given by its fields."""
    shape, flat = Shape(longest, ranks, flags, prefix, source, sink, turn), Flat(directory, blocks=False)
    aig, net = flat.aig, flat.net
    write, read, committed, number = (flat.word(prefix + name) for name in ("write", "read", "committed", "number"))
    found, shown, (reads,) = (flat.word(prefix + name) for name in ("found_row", "shown_row", "reads"))
    following = flat.plus(write, TRUE)
    room = aig.differ(following, read)
    if source:
        valid, last, accepts = flat.word(source[0])[0], flat.word(source[1])[0], room
    else:
        (valid,), (accepts,) = net.inputs["i_valid"], flat.output("i_ready")
        last = net.inputs["i_last"][0] if "i_last" in net.inputs else FALSE
    if sink == "o":
        (offers,), (ready,) = flat.output("o_valid"), net.inputs["o_ready"]
    else:
        (offers,) = flat.word(shape.flags[-1])
        ready = aig.differ(flat.plus(flat.word(f"{sink}write"), TRUE), flat.word(f"{sink}read"))
    taken, enable = aig.land(valid, accepts), aig.lor(offers ^ 1, ready)
    if shape.turn:
        (turns,) = flat.word(shape.turn)
        taken, enable = (aig.land(taken, turns), enable) if source else (taken, aig.land(enable, turns))
    some = aig.differ(read, committed)
    closes = aig.lor(last, flat.equals(number, shape.longest - 1))
    word = flat.word(f"{prefix}word")
    ends = [flat.word(f"{prefix}ends_{k}")[0] for k in range(1, shape.ranks + 1)]
    places = [flat.word(f"{prefix}after_{k}") for k in range(1, shape.ranks + 1)]
    wanted: list[tuple[str, Sequence[int], Sequence[int]]] = [
        ("a beat is taken unless the ring is full", [accepts], [room]),
        ("write moves with a beat", flat.after(write), flat.plus(write, taken)),
        ("read moves with the output while a row is there", flat.after(read), flat.plus(read, aig.land(enable, some))),
        ("a row is committed at its end", flat.after(committed), flat.mux(ends[-1], places[-1], committed)),
        ("the next row's finding has the next place", flat.after(found), flat.plus(found, ends[-1])),
        ("a row's finding is shown to its last beat", flat.after(shown),
         flat.plus(shown, aig.all([enable, reads, word[-1]]))),
        ("the first rank holds what was read", flat.after([reads]), [aig.mux(enable, some, reads)]),
        ("a row's end is seen", flat.after([ends[0]]), [aig.land(taken, closes)]),
        ("its place is that after it", flat.after(places[0]), following),
    ]  # fmt: skip
    for k in range(1, shape.ranks):
        wanted.append((f"end {k + 1} follows", flat.after([ends[k]]), [ends[k - 1]]))
        wanted.append((f"place {k + 1} follows", flat.after(places[k]), places[k - 1]))
    before = reads
    for name in shape.flags:
        flag = offers if name == "o_valid" else flat.word(name)[0]
        wanted.append((f"{name} moves with the output", flat.after([flag]), [aig.mux(enable, before, flag)]))
        before = flag
    # The ring: a beat is where it was written, and is given where it is read.
    ring = flat.memory(f"{prefix}beats")
    wanted += written(f"{prefix}beats", ring, aig, taken, write, [*ring.data[:-1], closes])
    wanted += [("what is read is what is there", ring.at, read),
               ("a beat stays until the next one is read", flat.after(word), flat.mux(enable, ring.found, word))]
    cases = [(text, aig.differ(x, y)) for text, x, y in wanted]
    inside = aig.within(number, 0, shape.longest - 1)
    restarts = flat.mux(taken, [aig.land(closes ^ 1, x) for x in flat.plus(number, TRUE)], number)
    cases.append(("beats of a row are counted", aig.land(inside, aig.differ(flat.after(number), restarts))))
    if sink == "o":
        payload = [x for port in net.outputs if port.startswith("o_") for x in flat.output(port)]
        waits = aig.all([offers, ready ^ 1])
        held = {x >> 1 for x in payload if x > 1} <= set(flat.registers)
        moved = aig.differ(flat.after(payload), payload) if held else TRUE
        cases.append(("valid and payload are registers that stay while the output waits", aig.land(waits, moved)))
    cleared = [*write, *read, *committed, *number, *found, *shown, reads, *ends, offers]
    if any(value != FALSE for value in flat.after_reset(cleared)):
        cases.append(("a reset empties the unit", TRUE))
    return flat.never(cases)
