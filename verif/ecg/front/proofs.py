"""How the claims of the front end are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from pathlib import Path

from ....hw.ecg.config.front import EcgFrontConfig
from ... import solvers
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...netlist import Netlist
from ...proofs import netlist_of
from ...prove import Verdict

Word = list[int]


def _wide(word: Word, width: int) -> Word:
    return [*word, *[FALSE] * width][:width]


def _less(aig: Aig, x: Word, y: Word) -> int:
    """x < y, both unsigned: x plus the complement of y does not carry, nor is it all ones."""
    width = max(len(x), len(y)) + 1
    return aig.add(aig.add(_wide(x, width), [bit ^ 1 for bit in _wide(y, width)]), [TRUE, *[FALSE] * (width - 1)])[-1]


def _named(net: Netlist, name: str) -> list[tuple[int, int]]:
    """Present and next value of each bit of a register."""
    found = {alias: register for register in net.registers for alias in (register.name, *register.aliases)}
    width = next(w for w in range(len(found) + 1) if f"{name}[{w}]" not in found)
    rows = [found[f"{name}[{k}]"] for k in range(width)] or [found[name]]
    return [(register.q, register.d) for register in rows]


def _never(aig: Aig, shown: dict[str, Word], sentences: list[tuple[str, int]], method: str) -> Verdict:
    """Proved if no sentence can be violated; else which one is, and by what."""
    for sentence, wrong in sentences:
        if (model := solvers.model(aig, [wrong])) is not None:
            values = {name: hex(solvers.word(model, word)) for name, word in shown.items()}
            return Verdict("refuted", "kissat", {"where": sentence, **values})
    return Verdict("proved", method)


def divisor(directory: Path, block: str = "") -> Verdict:
    """The divider is asked what the equation says, never by 0, and the answer fits; a flat window's counts are 0."""
    artifact = Artifact.load(directory)
    told = artifact.manifest["config"]
    config = EcgFrontConfig(**{key: told[key] for key in EcgFrontConfig.model_fields})
    top = f"{artifact.module}{block}__window"
    net = netlist_of(artifact, top, (f"{top}__divide", f"{top}__samples"))
    aig = net.aig
    cuts = {cut.module.rpartition("__")[2]: cut for cut in net.cuts}
    asked, sample = cuts["divide"], cuts["samples"].outputs["found"]
    low, high = ([q for q, _ in _named(net, name)] for name in ("low", "high"))
    width = 2 * config.adc_bits + config.count_width + 8
    least, most = _wide(low, width), _wide(high, width)

    def minus(p: Word, q: Word) -> Word:
        return aig.add(aig.add(p, [bit ^ 1 for bit in q]), [TRUE, *[FALSE] * (width - 1)])

    span, height = minus(most, least), minus(_wide(sample, width), least)
    numerator = span
    for place in range(config.steps.bit_length()):
        if config.steps >> place & 1:
            numerator = aig.add(numerator, _wide([*[FALSE] * (place + 1), *height], width))
    by = _wide(asked.inputs["denominator"], width)
    (go,) = asked.inputs["go"]
    inside = aig.all([_less(aig, sample, low) ^ 1, _less(aig, high, sample) ^ 1])
    used = aig.land(go, inside)
    double = _wide([FALSE, *span], width)
    fits = _less(aig, numerator, _wide([*[FALSE] * config.count_width, *double], width))
    count = [d for _, d in _named(net, "counts")][-config.count_width :]
    before = [q for q, _ in _named(net, "counts")][-config.count_width :]
    flat = aig.land(aig.any(span) ^ 1, inside)
    sentences = [
        ("the divisor is not 0", aig.land(go, aig.any(by) ^ 1)),
        ("the divisor is 2 (hi - lo)", aig.land(used, aig.differ(by, double))),
        ("the numerator is the equation's",
         aig.land(used, aig.differ(_wide(asked.inputs["numerator"], width), numerator))),
        ("the quotient fits", aig.land(used, fits ^ 1)),
        ("a flat window does not start the divider", aig.land(flat, go)),
        ("a flat window's count is 0", aig.all([flat, aig.differ(count, before), aig.any(count)])),
    ]  # fmt: skip
    shown = {"x": sample, "lo": low, "hi": high}
    return _never(aig, shown, sentences, f"{len(sentences)} sentences about all states, kissat")


def division(directory: Path, block: str = "") -> Verdict:
    """One cycle of the divider, from every state: a bit of the quotient, a rest that stays less than the divisor."""
    artifact = Artifact.load(directory)
    net = netlist_of(artifact, f"{artifact.module}{block}__window__divide", ())
    aig, by = net.aig, net.inputs["denominator"]
    (go,), numerator = net.inputs["go"], net.inputs["numerator"]
    rest, quotient, left, done = (_named(net, name) for name in ("rest", "quotient", "left", "done"))
    bits, width = len(quotient), len(by) + 2
    now, after = ([[pair[k] for pair in word] for word in (rest, quotient, left)] for k in (0, 1))
    idle = aig.any(now[2]) ^ 1
    reset = net.inputs.get(artifact.reset["port"], [FALSE])[0] if artifact.reset else FALSE
    acting = aig.all([reset ^ 1, go ^ 1])
    step = aig.all([acting, idle ^ 1, _less(aig, now[0], by)])
    bit = after[1][0]
    taken = _wide([now[1][-1], *now[0]], width)
    given = aig.add(_wide(after[0], width), [aig.land(bit, one) for one in _wide(by, width)])
    less = aig.add(now[2], [TRUE] * len(left))
    start = aig.all([reset ^ 1, go])
    loaded = [*numerator, *(TRUE if bits >> k & 1 else FALSE for k in range(len(left)))]
    one = aig.all([now[2][0], aig.any(now[2][1:]) ^ 1])
    sentences = [
        ("2 rest + bit = divisor bit' + rest'", aig.land(step, aig.differ(taken, given))),
        ("rest' < divisor", aig.land(step, _less(aig, after[0], by) ^ 1)),
        ("the quotient moves up", aig.land(step, aig.differ(after[1][1:], now[1][:-1]))),
        ("one bit fewer is left", aig.land(step, aig.differ(after[2], less))),
        ("it ends with the last bit", aig.land(reset ^ 1, aig.lxor(done[0][1], one))),
        ("a start takes the numerator",
         aig.land(start, aig.differ([*after[1], *after[0], *after[2]], loaded))),
        ("the answer stays", aig.all([acting, idle, aig.differ([*after[1], *after[2]], [*now[1], *now[2]])])),
    ]  # fmt: skip
    shown = {"rest": now[0], "quotient": now[1], "left": now[2], "denominator": by}
    return _never(aig, shown, sentences, f"{len(sentences)} sentences about all states, {bits} bits, kissat")
