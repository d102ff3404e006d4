"""A line buffer of the emitted file gives each window once, for all tokens and all stalls.

The buffer's coordinates depend on no token. From every state in which they are what they are after reset, and all else
is anything, the buffer is walked through one frame: in each cycle with ``valid``, ``ready``, the token and whether a
window stands at the output left open. What is asked in each:

- it takes a token, or passes a place of the padding, exactly where the window that stands is taken or none stands, and
  at a real place a token is there; ``i.ready`` says so whether one is there or not;
- where it does not move, a window that stands stays as it is until it is taken, and nothing else changes;
- where it moves, what comes next depends on nothing but the token, and a window stands after it exactly where one ends.

The windows that stand are those of the definition, in order, token by token; what stood in the buffer before the frame
is in none. After the last place the coordinates are again those of the beginning: what holds of one frame holds of all.
"""

from __future__ import annotations

import re
from itertools import product
from math import prod
from pathlib import Path

from ...hw.snn.config import SnnConfig
from ...hw.snn.config.plan import Plan, bits_of, plans, ranges
from ..aig import FALSE, TRUE
from ..artifact import Artifact
from ..netlist import Netlist
from ..proofs import netlist_of
from ..prove import Verdict
from .resets import State, begun, quiet


class Broken(Exception):
    """What a line buffer does not keep to; the sentence names the cycle."""


def buffers(artifact: Artifact) -> list[tuple[str, str, int]]:
    """Module, layer and number of the source of each line buffer in the emitted file."""
    config = SnnConfig(**artifact.manifest["config"])
    text, found = artifact.verilog.read_text(), []
    for layer in config.layers:
        for at in range(len(config.facts[layer.name].sources)):
            name = f"{artifact.module}__{layer.name}_lines{at}"
            if re.search(rf"^module {name}\(", text, re.M):
                found.append((name, layer.name, at))
    return found


def windows(directory: Path, module: str, layer: str, source: int) -> Verdict:
    """Every window once, whatever the stalls."""
    artifact = Artifact.load(directory)
    config = SnnConfig(**artifact.manifest["config"])
    try:
        count, cycles = Walked(artifact, config, module, layer, source).frame()
    except Broken as error:
        return Verdict("refuted", "walked through a frame, tokens open", {"layer": layer, "violated": str(error)})
    return Verdict("proved", f"walked through a frame of {cycles} places, {count} windows, tokens and stalls open")


class Walked:
    """A line buffer, a cycle at a time.

    Parameters
    ----------
    artifact : Artifact
    config : SnnConfig
    module : str
        Of the line buffer.
    layer : str
    source : int
        Which of the layer's sources it is for.
    """

    def __init__(self, artifact: Artifact, config: SnnConfig, module: str, layer: str, source: int):
        self.plan: Plan = plans(config)[layer]
        self.net: Netlist = netlist_of(artifact, module, (), beyond=True)
        self.aig = self.net.aig
        name = config.facts[layer].sources[source]
        self.width, self.channels = bits_of(ranges(config)[name])[0], self.plan.grids[source][0]
        kind = next(one.kind for one in config.layers if one.name == layer)
        low = ranges(config)[name][0] if kind == "max_pool" else 0
        each = [TRUE if low >> bit & 1 else FALSE for bit in range(self.width)]
        self.fill = each * self.channels
        self.grid = self.plan.grids[source]
        self.token, self.valid, self.ready = (self.net.inputs[port] for port in ("i__payload", "i__valid", "o__ready"))
        if len(self.token) != len(self.fill):
            raise Broken(f"its tokens must have {len(self.fill)} bits, not {len(self.token)}")
        (down, right) = self._shape()[1]
        self.places = [f"window_{r}_{c}" for r in range(down) for c in range(right)]
        if missing := [port for port in ("full", "i__ready", *self.places) if port not in self.net.outputs]:
            raise Broken(f"it must have an output {missing[0]}")
        self.stands = self._register(self.net.outputs["full"])
        self.quiet = quiet(artifact, self.net)
        self.start = self._coordinates(begun(artifact, self.net))

    def _register(self, word: list[int]) -> int:
        if len(word) != 1 or word[0] not in {r.q for r in self.net.registers}:
            raise Broken("whether a window stands must be a register")
        return word[0] >> 1

    def _coordinates(self, start: State) -> State:
        """Of what reset sets, what is the same again after every frame; all else is anything."""
        while True:
            state = start
            for _ in range(prod(self._walk())):
                token = self.aig.inputs(len(self.token))
                state = self._cycle(state | {self.stands: FALSE}, TRUE, TRUE, token)[3]
            same = {node: v if v > TRUE or state[node] == v or node == self.stands else 2 * node
                    for node, v in start.items()}  # fmt: skip
            if same == start:
                return start
            start = same

    def _walk(self) -> tuple[int, int]:
        """Rows and columns that are walked."""
        return (1, self.grid[1] * self.grid[2]) if self.plan.gathers else self.plan.scanned

    def _cycle(self, state: State, valid: int, ready: int, token: list[int]) -> tuple[int, int, list[int], State]:
        """i.ready, whether a window stands, the window, and the state after a cycle without reset."""
        feed = state | self.quiet | {self.valid[0] >> 1: valid, self.ready[0] >> 1: ready}
        feed |= {x >> 1: y for x, y in zip(self.token, token, strict=True)}
        outs = [*self.net.outputs["i__ready"], *self.net.outputs["full"]]
        outs += [bit for port in self.places for bit in self.net.outputs[port]]
        found = self.aig.copy([*outs, *(r.d for r in self.net.registers)], self.aig, feed)
        after = {r.q >> 1: d for r, d in zip(self.net.registers, found[len(outs) :], strict=True)}
        return found[0], found[1], found[2 : len(outs)], after

    def frame(self) -> tuple[int, int]:
        """Windows and places of a frame that has been walked.

        Raises
        ------
        Broken
            If one of the sentences does not hold.
        """
        rows, columns = self._walk()
        tokens: dict[tuple[int, int], list[int]] = {}
        wanted = list(self._wanted())
        state, given = self.start, 0
        for cycle, (row, column) in enumerate(product(range(rows), range(columns))):
            there = self._inside(row, column)
            token = self.aig.inputs(len(self.token))
            if there:
                tokens[row, column] = token
            moved = self._moves(state, there, token, cycle)
            state = moved
            if self._ends(row, column):
                if moved[self.stands] != TRUE:
                    raise Broken(f"a window ends at place {cycle}, and none stands after it")
                seen = self._cycle(moved, FALSE, FALSE, token)[2]
                if seen != [bit for place in wanted[given] for bit in tokens.get(place, self.fill)]:
                    raise Broken(f"window {given} must be that of its places, and is not")
                given += 1
            elif moved[self.stands] != FALSE:
                raise Broken(f"no window ends at place {cycle}, and one stands after it")
        control = {node: value for node, value in self.start.items() if value in (FALSE, TRUE) and node != self.stands}
        if any(state[node] != value for node, value in control.items()):
            raise Broken("after a frame the coordinates must be those of the beginning, and are not")
        if given != len(wanted):
            raise Broken(f"a frame must have {len(wanted)} windows, not {given}")
        return given, rows * columns

    def _moves(self, state: State, there: bool, token: list[int], cycle: int) -> State:
        """The state after the place, once all sentences about it hold; its ``stands`` says whether a window does."""
        moved: State | None = None
        first = cycle == 0
        for stands, valid, ready in product((FALSE, TRUE), repeat=3):
            free = stands == FALSE or ready == TRUE
            answer, offered, payload, after = self._cycle(state | {self.stands: stands}, valid, ready, token)
            if offered != stands:
                raise Broken(f"at place {cycle} o.valid must say whether a window stands, and does not")
            if answer != (TRUE if free and there else FALSE):
                raise Broken(f"at place {cycle} i.ready must be {int(free and there)} where valid = {valid}, "
                             f"ready = {ready} and {'a' if stands else 'no'} window stands")  # fmt: skip
            if not free or (there and valid == FALSE):
                self._holds(state, after, first, cycle)
                if after[self.stands] != (stands if ready == FALSE else FALSE):
                    raise Broken(f"at place {cycle} a window must stand until it is taken, once")
                if stands and not free and not first and self._cycle(after, valid, ready, token)[2] != payload:
                    raise Broken(f"at place {cycle} a window must stay as it is until it is taken")
            elif moved is None:
                moved = after
            elif moved != after:
                raise Broken(f"at place {cycle} what comes next must depend on the token alone, and does not")
        assert moved is not None
        return moved

    def _holds(self, state: State, after: State, first: bool, cycle: int) -> None:
        """Nothing has moved. In the first place the word that is read ahead may be another one: it is anything."""
        for node, value in state.items():
            if node == self.stands or after[node] == value:
                continue
            if not first or self.start[node] in (FALSE, TRUE):
                raise Broken(f"at place {cycle} nothing must change without token or room, and something does")

    def _inside(self, row: int, column: int) -> bool:
        above, left = (0, 0) if self.plan.gathers else self.plan.padding
        rows, columns = (1, self.grid[1] * self.grid[2]) if self.plan.gathers else self.grid[1:]
        return 0 <= row - above < rows and 0 <= column - left < columns

    def _shape(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Windows of a frame, kernel, stride; down and right."""
        _, rows, columns = self.plan.grid
        if self.plan.gathers:
            places = self.grid[1] * self.grid[2]
            return (1, 1), (1, places), (1, places)
        return (rows, columns), self.plan.kernel, self.plan.stride

    def _wanted(self) -> list[list[tuple[int, int]]]:
        """For each window its places among those that are walked, row by row."""
        (down, right), (high, wide), (over, along) = self._shape()
        return [[(y * over + r, x * along + c) for r in range(high) for c in range(wide)]
                for y, x in product(range(down), range(right))]  # fmt: skip

    def _ends(self, row: int, column: int) -> bool:
        """Whether a window's last place is this."""
        (down, right), (high, wide), (over, along) = self._shape()
        y, x = row - high + 1, column - wide + 1
        return y >= 0 and x >= 0 and y % over == x % along == 0 and y // over < down and x // along < right
