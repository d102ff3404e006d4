"""The core of a small network against the integer matrix product, with all weights, starts of sums and thetas open.

In the emitted file, what the elements' tables hold of weights, starts and thetas is replaced by registers that are
never written: the file's own circuit then computes for all networks of its shape at once. It is unrolled, with the
inputs open, to the cycle in which it answers, from states in which some registers hold what they hold after reset, and
all others anything. At the cycle after the answer is taken, and while no beat is offered, these hold the same again:
each beat then goes as the first did, and what is shown for one is shown for all. (Which registers these are is found by
trying: those that differ are left to anything, and it is tried again. What fails then fails from reset, too, or is
called unknown.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.schedule import shares
from .. import solvers
from ..aig import FALSE, TRUE, Aig
from ..artifact import Artifact
from ..netlist import GATES, TABLES, Netlist, from_json
from ..numbers import Number, Numbers
from ..proofs import made
from ..prove import Verdict

Word = list[int]


class Core:
    """The emitted core with open tables, a cycle at a time.

    Attributes
    ----------
    aig : Aig
    state : dict
        What each register holds, by the node of its output.
    opened : dict
        The tables' words, by ``element, table``.
    """

    def __init__(self, artifact: Artifact, config: EcgConfig):
        self.artifact = artifact
        top = artifact.module
        text, sizes = opened(artifact, config)
        script = f"read_verilog unit.v\nhierarchy -check -top {top}\nproc\nflatten\n{TABLES}\n{GATES}\n"
        net = from_json(json.loads(made(f"{script}write_json u.json", {"unit.v": text}, "u.json")), top)
        self.net: Netlist = net
        self.aig: Aig = net.aig
        self.source, self.sink = artifact.stream("in"), artifact.stream("out")
        found: dict[tuple[int, str], dict[int, int]] = {}
        self.kept = set()
        for register in net.registers:
            names = (register.name, *register.aliases)
            marks = [re.fullmatch(r"element(\d+)\.(\w+)_open\[(\d+)\]", name) for name in names]
            if mark := next(filter(None, marks), None):
                found.setdefault((int(mark[1]), mark[2]), {})[int(mark[3])] = register.q
                self.kept.add(register.q >> 1)
        # Bits that are not open are no registers; nothing asks for them.
        self.opened = {
            key: [[found[key].get(k * width + bit, FALSE) for bit in range(width)] for k in range(entries)]
            for key, (width, entries) in sizes.items()
        }
        self.state = {r.q >> 1: r.q for r in net.registers}
        # What one cycle in reset sets, from any state; where there is no reset, what registers begin with.
        after, _ = self._step(reset=True)
        begins = {r.q >> 1: r.initial if artifact.reset is None else r.reset_value if r.reset_value is not None
                  else after[r.q >> 1] for r in net.registers}  # fmt: skip
        self.start = {node: value for node, value in begins.items() if value in (FALSE, TRUE) and node not in self.kept}
        self.begin()

    def begin(self) -> None:
        """All states from which a beat may start."""
        self.state = {r.q >> 1: self.start.get(r.q >> 1, r.q) for r in self.net.registers}

    def _step(self, reset: bool = False, valid: bool = False,
              ready: bool = True) -> tuple[dict[int, int], dict[str, Word]]:  # fmt: skip
        """What registers hold after a cycle, and the outputs in it."""
        feed = dict(self.state)

        def put(port: str | None, value: bool) -> None:
            if port:
                feed[self.net.inputs[port][0] >> 1] = TRUE if value else FALSE

        put(self.source.valid, valid)
        put(self.sink.ready, ready)
        if self.artifact.reset:
            put(self.artifact.reset["port"], reset == (self.artifact.reset["active"] == "high"))
        names = list(self.net.outputs)
        words = [r.d for r in self.net.registers] + [x for name in names for x in self.net.outputs[name]]
        copied = self.aig.copy(words, self.aig, feed)
        after = {r.q >> 1: r.q if r.q >> 1 in self.kept else copied[k] for k, r in enumerate(self.net.registers)}
        outputs, at = {}, len(self.net.registers)
        for name in names:
            outputs[name] = copied[at : at + len(self.net.outputs[name])]
            at += len(self.net.outputs[name])
        return after, outputs

    def step(self, **pins: bool) -> dict[str, Word]:
        """One cycle; gives the outputs in it."""
        self.state, outputs = self._step(**pins)
        return outputs

    def rests(self) -> None:
        """Leaves of the start's registers those that hold the same again."""
        self.start = {node: value for node, value in self.start.items() if self.state[node] == value}


def opened(artifact: Artifact, config: EcgConfig) -> tuple[str, dict[tuple[int, str], tuple[int, int]]]:
    """The file with tables whose weights, starts and thetas are open, and each table's width and number of words."""
    text = artifact.verilog.read_text()
    sizes: dict[tuple[int, str], tuple[int, int]] = {}
    target = (max(config.widths[1:]) - 1).bit_length()

    def element(body: re.Match[str]) -> str:
        mine = [(layer, j) for layer, given in enumerate(shares(config)) for j in given[int(body[1])]]
        hidden = [config.thetas[layer][j] for layer, j in mine if layer < config.num_layers - 1]
        theta = max(hidden, default=0).bit_length()
        free = ((1 << config.accumulator) - 1) | (((1 << theta) - 1) << (config.accumulator + target))
        part = body[0]
        for name in ("neurons", "weights"):
            rows = [(int(k), int(width), word, base) for k, width, base, word in
                    re.findall(rf"^\s*{name}\[(\d+)\] = (\d+)'([hd])([0-9a-f]+);", part, re.M)]  # fmt: skip
            width, words = rows[0][1], [int(word, 16 if base == "h" else 10) for _, _, word, base in sorted(rows)]
            sizes[int(body[1]), name] = width, len(words)
            mask = free if name == "neurons" else (1 << width) - 1
            some = len(words) * width
            fixed = sum((word & ~mask) << (k * width) for k, word in enumerate(words))
            open_bits = sum(mask << (k * width) for k in range(len(words)))
            part = re.sub(rf"^\s*reg \[\d+:0\] {name} \[.*?^  end$\n", f"""
  reg [{some - 1}:0] {name}_open;
  always @(posedge clk) {name}_open <= {name}_open;
  wire [{some - 1}:0] {name}_words = {name}_open & {some}'h{open_bits:x} | {some}'h{fixed:x};
""", part, count=1, flags=re.S | re.M)  # fmt: skip
            part = re.sub(rf"<= {name}\[(\w+)\];", rf"<= {name}_words[\1 * {width} +: {width}];", part)
        return part

    return re.sub(rf"^module {artifact.module}__element(\d+)\(.*?^endmodule", element, text, flags=re.S | re.M), sizes


def datapath(directory: Path) -> Verdict:
    """All inputs, weights, starts and thetas: the answer is that of the matrix products with clips; and the handshake.

    The spec counts ``n' = number of k of 1..T with 4 V >= k theta4``, which for theta4 >= 1 is
    ``clip(floor(4 V / theta4), 0, T)``.
    """
    artifact = Artifact.load(directory)
    config = EcgConfig(**artifact.manifest["config"])
    core, cycles = Core(artifact, config), artifact.latency or 0
    first, where = beat(core, cycles)
    if where:
        return Verdict("refuted", "unrolled from reset", {"where": where})
    core.rests()
    held = -1
    while held != len(core.start):
        held = len(core.start)
        core.begin()
        if core.step()[str(core.source.ready)] != [TRUE]:
            return Verdict("unknown", "after some beat it may not be ready")
        core.rests()
        core.begin()
        seen, where = beat(core, cycles)
        if where:
            return Verdict("unknown", f"after some beat this may not be so: {where}")
        core.rests()
    label, confidence, sound = spec(core, config)

    def wrong(seen: Mapping[str, Word]) -> dict[int, bool] | None:
        differs = [core.aig.differ(seen["o_label"], label), core.aig.differ(seen["o_confidence"], confidence)]
        return solvers.model(core.aig, [sound, core.aig.any(differs)])

    if wrong(seen) is not None:
        if (values := wrong(first)) is None:
            return Verdict("unknown", "the first beat is right, and a later one may not be")
        words = {f"element{e}.{name}": [hex(solvers.word(values, word)) for word in table]
                 for (e, name), table in core.opened.items()}  # fmt: skip
        return Verdict("refuted", "kissat", {"n": hex(solvers.word(values, core.net.inputs["i_n"])), **words})
    many = sum(bit != FALSE for table in core.opened.values() for word in table for bit in word)
    return Verdict("proved", f"kissat, {cycles} cycles unrolled; open: {many} bits of tables and "
                   f"{len(core.net.inputs['i_n'])} of inputs")  # fmt: skip


def beat(core: Core, cycles: int) -> tuple[dict[str, Word], str]:
    """A beat from the start: what is seen as it is taken, and which rule of the streams is broken ("" for none)."""
    valid, ready = str(core.sink.valid), str(core.source.ready)
    if core.step(valid=True)[ready] != [TRUE]:
        return {}, "it must take a beat where none is worked on"
    for cycle in range(1, cycles):
        seen = core.step(valid=True)
        if seen[valid] != [FALSE] or seen[ready] != [FALSE]:
            return {}, f"it must neither answer nor take a beat in cycle {cycle}"
    waits = core.step(ready=False) if core.sink.ready else None
    seen = core.step()
    if seen[valid] != [TRUE] or seen[ready] != [FALSE]:
        return {}, f"it must answer in cycle {cycles}, and take no beat until then"
    if waits and waits != seen:
        return {}, "an answer must stay as it is until it is taken"
    return seen, ""


def spec(core: Core, config: EcgConfig) -> tuple[Word, Word, int]:
    """Label, confidence, and the literal that all thetas are at least 1, of the tables' open words."""
    exact, bits, top = Numbers(core.aig), config.count_width, config.num_layers - 1
    target = (max(config.widths[1:]) - 1).bit_length()
    sound, placed = TRUE, _places(core, config)
    flat, most = core.net.inputs["i_n"], exact.constant(config.steps)
    given = [exact.unsigned(flat[k * bits : (k + 1) * bits]) for k in range(config.widths[0])]
    n = [exact.where(exact.less(most, code), most, code) for code in given]
    for layer in range(top + 1):
        out, sums = [], []
        for j in range(config.widths[layer + 1]):
            word, row = placed[layer, j]
            v = word[: config.accumulator]
            for k, weight in row:
                v = exact.clamped(exact.plus(v, exact.product(weight, n[k])), config.accumulator)
            sums.append(v)
            if layer < top:
                theta = word[config.accumulator + target :][: max(map(max, config.thetas)).bit_length()]
                sound = core.aig.land(sound, core.aig.any(theta))
                reach = [exact.times(exact.unsigned(theta), k) for k in range(1, config.steps + 1)]
                out.append(exact.count([exact.less(exact.times(v, 4), least) ^ 1 for least in reach]))
        n = out
    return *_decide(exact, sums, config), sound


def _places(core: Core, config: EcgConfig) -> Mapping[tuple[int, int], tuple[Word, list[tuple[int, Word]]]]:
    """For each neuron its open word of the table of neurons, and its weights' with their inputs."""
    found: dict[tuple[int, int], tuple[Word, list[tuple[int, Word]]]] = {}
    for element in range(config.pes):
        mine = [(layer, j) for layer, given in enumerate(shares(config)) for j in given[element]]
        if not mine:
            continue
        neurons, weights = core.opened[element, "neurons"], iter(core.opened[element, "weights"])
        for (layer, j), word in zip(mine, neurons, strict=False):
            row = config.weights[layer][j]
            used = [k for k, weight in enumerate(row) if weight or config.coding == "dense"] or [0]
            found[layer, j] = word, [(k, next(weights)) for k in used]
    return found


def _decide(exact: Numbers, sums: Sequence[Number], config: EcgConfig) -> tuple[Word, Word]:
    """The first of the largest sums, and its lead on the largest of the others."""
    label, lead = exact.constant(0), exact.constant(0)
    for c, own in enumerate(sums):
        others = [(j, other) for j, other in enumerate(sums) if j != c]
        wins = exact.aig.all(exact.less(other, own) if j < c else exact.less(own, other) ^ 1 for j, other in others)
        label = exact.where(wins, exact.constant(c), label)
        best = others[0][1]
        for _, other in others[1:]:
            best = exact.where(exact.less(best, other), other, best)
        lead = exact.where(wins, exact.minus(own, best), lead)
    confidence = exact.clamped(lead, config.accumulator)[: config.confidence_width]
    return exact.wide(label, config.class_width)[: config.class_width], confidence
