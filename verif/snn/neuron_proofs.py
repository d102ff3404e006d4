"""A neuron's step in the emitted file against the equations of its law, for all states, drives and thresholds.

Sums of the specification are exact and as wide as they need; spikes are counted by comparing the membrane with every
multiple of the threshold, and levels with every bound, as the equations say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from pathlib import Path

from ...hw.snn.config import SnnConfig
from ...hw.snn.config.layer import Layer
from ...hw.snn.config.neuron import Neuron
from ...hw.snn.config.plan import plans
from .. import solvers
from ..aig import FALSE, TRUE, Aig
from ..artifact import Artifact
from ..numbers import Number, Numbers
from ..proofs import netlist_of
from ..prove import Verdict

Words = Mapping[str, list[int]]
ALIASES = {"current": "i_next", "sum": "v_next"}
"""Outputs that the emitted file may call by the name of the sum that they are."""


def modules(artifact: Artifact, layer: str) -> list[str]:
    """Modules of the emitted file that are neurons of a layer, one for each lane."""
    start = f"{artifact.module}__{layer}__fire__neuron"
    names = (line.split()[1].partition("(")[0] for line in artifact.verilog.read_text().splitlines()
             if line.startswith("module "))  # fmt: skip
    return [name for name in names if name.startswith(start) and name.removeprefix(start).isdecimal()]


def neurons(directory: Path, layer: str) -> Verdict:
    """Every lane's neuron of a layer takes the step of its law."""
    artifact = Artifact.load(directory)
    config = SnnConfig(**artifact.manifest["config"])
    of = next(one for one in config.layers if one.name == layer)
    found, lanes = modules(artifact, layer), plans(config)[layer].lanes
    if len(found) != lanes:
        violated = f"layer {layer} must have {lanes} neurons, not {len(found)}"
        return Verdict("refuted", "structure", {"violated": violated})
    asked = 0
    for name in found:
        thetas = _thetas(config, of, int(name.rpartition("neuron")[2]))
        verdict, questions = _lane(artifact, name, of, thetas)
        if verdict is not None:
            return verdict
        asked += questions
    return Verdict("proved", f"kissat, {asked} questions about {lanes} modules")


def _thetas(config: SnnConfig, layer: Layer, lane: int) -> set[int]:
    """Thresholds that the neurons of a lane have."""
    law, facts, lanes = layer.neuron, config.facts[layer.name], plans(config)[layer.name].lanes
    assert law is not None
    if len(law.threshold) == 1:
        return set(law.threshold)
    # Tokens hold channels side by side; a list behind a flatten has those of its map.
    channels = facts.grid[0]
    of = range(lane, channels, lanes)
    if len(law.threshold) == facts.shape[0] == channels:
        return {law.threshold[c] for c in of}
    places = facts.grid[1] * facts.grid[2]
    each = law.threshold
    if len(each) < channels * places:
        each = [threshold for threshold in law.threshold for _ in range(places)]
    return {each[c * places + p] for c in of for p in range(places)}


def _lane(artifact: Artifact, name: str, layer: Layer, thetas: set[int]) -> tuple[Verdict | None, int]:
    """What is wrong with one neuron, or None; and how many questions were asked."""
    law = layer.neuron
    assert law is not None
    aig = Aig()
    net = netlist_of(artifact, name, ())
    ports = {port: aig.inputs(len(word)) for port, word in net.inputs.items()}
    outputs = {ALIASES.get(port, port): word for port, word in net.on(aig, ports).items()}
    n = Numbers(aig)
    # A law whose thresholds are squared is asked for each of them; else for all that have as many bits.
    each = sorted(thetas) if "theta" not in ports or (law.rounding == "log" and law.levels) else [None]
    if "theta" not in ports and len(each) > 1:
        return Verdict("refuted", "structure", {"violated": f"{name} must have its threshold as an input"}), 0
    for theta in each:
        given, sound = dict(ports), TRUE
        if theta is None:
            sound = aig.any(given["theta"])
            if law.levels:
                sound = aig.land(sound, aig.any(given["theta"][: law.levels]) ^ 1)
        else:
            size = len(ports.get("theta", [])) or theta.bit_length()
            given["theta"] = [TRUE if theta >> k & 1 else FALSE for k in range(size)]
        wanted = spec(n, law, given, theta)
        sound = aig.all([sound, *_states(n, law, given)])
        known = {x >> 1: y for x, y in zip(ports.get("theta", []), given["theta"], strict=False)}
        fixed = {port: aig.copy(word, aig, known) for port, word in outputs.items()}
        differs = [n.differ(_seen(n, port, word), wanted[port]) for port, word in fixed.items()]
        if (values := solvers.model(aig, [sound, aig.any(differs)])) is not None:
            shown = {port: hex(solvers.word(values, word)) for port, word in given.items()}
            return Verdict("refuted", "kissat", {"module": name, "layer": layer.name, **shown}), 0
    return None, len(each)


def _seen(n: Numbers, port: str, word: list[int]) -> Number:
    return word if port in ("v_next", "i_next") else n.unsigned(word)


def _states(n: Numbers, law: Neuron, given: Words) -> list[int]:
    """What holds of all states: a code that waits is one that there is, and silence is at most its beginning."""
    most = {"waiting": law.levels + 1 if law.levels else law.max_spikes, "silent": law.refractory}
    return [n.less(n.constant(bound), n.unsigned(given[port])) ^ 1 for port, bound in most.items() if port in given]


def spec(n: Numbers, law: Neuron, given: Words, known: int | None = None) -> dict[str, Number]:
    """The outputs by the equations of :class:`~nervure.hw.snn.config.neuron.Neuron`, for words of the inputs.

    State that has no port is 0. ``known`` is the threshold where it is one number.
    """
    zero = n.constant(0)
    theta, x = n.unsigned(given["theta"]), given["x"]
    v, i = given.get("v", zero), given.get("i", zero)
    waiting = given.get("waiting", [FALSE])
    silent = given.get("silent", [FALSE])
    drive, current = x, zero
    if law.current != "absent":
        leaked = _leaked(n, i, law.current, law.current_shift, law.current_multiplier)
        current = _held(n, n.plus(leaked, x), law.current_width, law.overflow)
        drive = current if law.current_order == "new" else i
    start = v
    if law.reset == "value" and law.reset_delay:
        start = n.where(n.aig.any(waiting), n.constant(law.reset_value), v)
    exact = n.plus(_leaked(n, start, law.leak, law.leak_shift, law.leak_multiplier), drive)
    if law.reset == "subtract" and law.reset_delay:
        exact = n.minus(exact, _worth(n, law, theta, _reached(n, waiting, law)))
    u = _held(n, exact, law.membrane_width, law.overflow)
    seen = n.minus(u, n.where(_over(n, law, v, theta), theta, zero)) if law.rearm else u
    stays = n.aig.any(silent)
    fires = [n.aig.land(stays ^ 1, bit) for bit in _bounds(n, law, theta, seen, known)]
    some = n.aig.any(fires)
    after = u
    if not law.reset_delay and law.reset == "subtract":
        after = n.minus(u, _worth(n, law, theta, fires))
    elif not law.reset_delay and law.reset == "value":
        after = n.where(some, n.constant(law.reset_value), u)
    after = n.where(stays, v, after)
    if law.floor == "threshold":
        least = n.minus(zero, theta)
        after = n.where(n.less(after, least), least, after)
    left = n.minus(n.unsigned(silent), n.constant(1))
    return {"spikes": n.count(fires), "v_next": after, "i_next": current, "waiting_next": n.count(fires),
            "silent_next": n.where(some, n.constant(law.refractory), n.where(stays, left, zero))}  # fmt: skip


def _leaked(n: Numbers, v: Number, leak: str, shift: int, multiplier: int) -> Number:
    if leak == "shift":
        return n.minus(v, n.down(v, shift))
    return n.down(n.times(v, multiplier), shift) if leak == "multiplier" else v


def _held(n: Numbers, exact: Number, width: int, overflow: str) -> Number:
    return n.clamped(exact, width) if overflow == "saturate" else n.wrapped(exact, width)


def _over(n: Numbers, law: Neuron, u: Number, bound: Number) -> int:
    return n.less(bound, u) if law.compare == ">" else n.less(u, bound) ^ 1


def _reached(n: Numbers, code: list[int], law: Neuron) -> list[int]:
    """Of a code that counts, whether it is at least 1, at least 2, ..."""
    steps = law.levels + 1 if law.levels else law.max_spikes
    return [n.less(n.unsigned(code), n.constant(k)) ^ 1 for k in range(1, steps + 1)]


def _worth(n: Numbers, law: Neuron, theta: Number, reached: list[int]) -> Number:
    """``s * theta``, or of ShiftLIF the part of it: what the highest that is reached is worth."""
    total = n.constant(0)
    for k, bit in enumerate(reached):
        worth = n.down(n.times(theta, 1 << k), law.levels) if law.levels else n.times(theta, k + 1)
        total = n.where(bit, worth, total)
    return total


def _bounds(n: Numbers, law: Neuron, theta: Number, u: Number, known: int | None) -> list[int]:
    """Whether u reaches the first bound, the second, ..."""
    if not law.levels:
        return [_over(n, law, u, n.times(theta, k)) for k in range(1, law.max_spikes + 1)]
    found = []
    for q in range(1, law.levels + 2):
        level, below = 1 << (q - 1), (1 << (q - 1)) >> 1 if q > 1 else 0
        if law.rounding == "log":
            # c^2 = 2^(-2j - 1) with j = levels - (q - 1): u > c theta where u is above the root of theta^2 2^(-2j-1).
            assert known is not None
            power = 2 * (law.levels - (q - 1)) + 1
            found.append(n.less(n.constant(isqrt(known * known >> power)), u))
        else:
            # Twice 2^levels times u against twice the level, or level and the one below.
            parts = 2 * level if law.rounding == "floor" else level + below
            found.append(_over(n, law, n.times(u, 2 << law.levels), n.times(theta, parts)))
    return found
