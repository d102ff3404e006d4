"""Width adaption and the beat image: circuits against statements in Python, over widths and random gaps."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
from amaranth.sim import Simulator
from nervure.hw.edge.adapt import Gather, Scatter
from nervure.verif.artifact import FieldPlace, Stream
from nervure.verif.image import beat_bits, beat_bytes, from_bytes, to_bytes


def through(circuit, offers, gaps, cycles):
    """What a circuit gives, in order, with the cycle in which it was first offered; the cycles of taking; pulses."""
    rng = random.Random(1)
    given, taken, pulses = [], [], {"short": 0, "spoilt": 0}

    async def bench(ctx):
        waiting, held = list(offers), None
        for cycle in range(cycles):
            offering = bool(waiting) and (ctx.get(circuit.i.valid) or rng.random() >= gaps)
            ctx.set(circuit.i.valid, offering)
            if offering:
                ctx.set(circuit.i.payload, waiting[0])
            taking = rng.random() >= gaps
            ctx.set(circuit.o.ready, taking)
            ready, valid = ctx.get(circuit.i.ready), ctx.get(circuit.o.valid)
            if held is not None:
                assert valid and ctx.get(circuit.o.payload) == held, "valid and payload stay until taken"
            for name in pulses:
                pulses[name] += ctx.get(getattr(circuit, name)) if hasattr(circuit, name) else 0
            held = ctx.get(circuit.o.payload) if valid and not taking else None
            if valid and taking:
                given.append((ctx.get(circuit.o.payload), cycle))
            if offering and ready:
                taken.append(cycle)
                waiting.pop(0)
            await ctx.tick()
            if offering and ready:
                ctx.set(circuit.i.valid, 0)
        assert not waiting

    simulator = Simulator(circuit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an input that a narrow beat does not use
        simulator.run()
    return given, taken, pulses


def words(value, beat, word):
    """The statement: low word first."""
    return [value >> at & (1 << word) - 1 for at in range(0, beat, word)]


@pytest.mark.parametrize(("beat", "word"), [(1, 8), (8, 8), (17, 8), (40, 32), (64, 32), (20, 64), (65, 24)])
@pytest.mark.parametrize("gaps", [0, 0.5])
def test_gather_and_scatter(beat, word, gaps):
    rng = random.Random(beat)
    beats = [rng.getrandbits(beat) for _ in range(12)]
    count = len(words(0, beat, word))
    lasts = [rng.random() < 0.5 for _ in beats]
    offers = [{"data": part, "last": last and at == count - 1, "bad": 0}
              for value, last in zip(beats, lasts, strict=True)
              for at, part in enumerate(words(value, beat, word))]  # fmt: skip
    given, taken, pulses = through(Gather(beat, word), offers, gaps, 40 + 60 * count)
    assert [value for value, _ in given] == beats and pulses == {"short": 0, "spoilt": 0}
    if not gaps:
        assert taken == list(range(len(offers))), "a word in every cycle"
        assert [cycle for _, cycle in given] == [count * (k + 1) for k in range(12)], "a cycle after the last word"
    offers = [{"data": value, "last": last} for value, last in zip(beats, lasts, strict=True)]
    given, taken, _ = through(Scatter(beat, word), offers, gaps, 40 + 60 * count)
    found = [(row["data"], row["keep"], row["last"]) for row, _ in given]
    full, short = (1 << word // 8) - 1, (1 << -(-(beat - (count - 1) * word) // 8)) - 1
    assert found == [(part, short if last and at == count - 1 else full, last and at == count - 1)
                     for value, last in zip(beats, lasts, strict=True)
                     for at, part in enumerate(words(value, beat, word))]  # fmt: skip
    if not gaps:
        assert taken == [count * k for k in range(12)], "a beat in as many cycles as it has words"
        assert [cycle for _, cycle in given] == list(range(1, len(given) + 1)), "a cycle after the beat"


@pytest.mark.parametrize("gaps", [0, 0.4])
def test_faulty_words_cost_their_packet_alone(gaps):
    rng = random.Random(3)
    offers, beats, short, spoilt = [], [], 0, 0
    for _ in range(60):
        value = rng.getrandbits(30)
        parts = [{"data": part, "last": 0, "bad": 0} for part in words(value, 30, 8)]
        parts[-1]["last"] = 1
        kind = rng.choice(["right", "right", "bad", "early"])
        if kind == "bad":
            parts[rng.randrange(4)]["bad"] = 1
            spoilt += 1
        elif kind == "early":
            parts = parts[1:]
            parts[0]["bad"] = rng.getrandbits(1)
            short += 1
        else:
            beats.append(value)
        offers += parts
    given, _, pulses = through(Gather(30, 8), offers, gaps, 2000)
    assert [value for value, _ in given] == beats
    assert pulses == {"short": short, "spoilt": spoilt}


def make_stream(*fields):
    """A stream of fields (name, width, shape), each with a port of its own."""
    places = tuple(FieldPlace(name, name, 0, width, shape, "x") for name, width, shape in fields)
    return Stream("i", "in", "v", "r", places)


def test_image_is_the_sum_of_codes():
    stream = make_stream(("a", 5, (2, 3)), ("b", 64, ()), ("c", 1, ()), ("d", 17, (2,)))
    rng = np.random.default_rng(4)
    codes = {p.field: rng.integers(0, 1 << p.width, (9, *p.shape), np.uint64, endpoint=False) if p.width < 64 else
             rng.integers(0, 2**64 - 1, (9, *p.shape), np.uint64, endpoint=True) for p in stream.payload}  # fmt: skip
    assert beat_bits(stream) == 5 * 6 + 64 + 1 + 34 and beat_bytes(stream) == 17
    images = to_bytes(stream, codes)
    for row in range(9):
        value = start = 0
        for place in stream.payload:
            for code in codes[place.field][row].reshape(-1).tolist():
                value |= code << start
                start += place.width
        assert bytes(images[row]) == value.to_bytes(17, "little")
    for field, array in from_bytes(stream, images).items():
        assert array.dtype == np.uint64
        np.testing.assert_array_equal(array, codes[field])
    assert to_bytes(stream, {field: array[:0] for field, array in codes.items()}).shape == (0, 17)


def test_bad_codes_and_images():
    stream, zero = make_stream(("a", 5, (2,)), ("b", 3, ())), np.zeros((4, 2), int)
    for codes, message in [
        ({"a": zero}, "codes must have field b, not a"),
        ({}, "codes must have field a, not nothing"),
        ({"a": zero, "b": np.zeros(3, int)}, r"codes of b must have shape \(4\), not \(3,\)"),
        ({"a": zero[:, :1], "b": np.zeros(4, int)}, r"codes of a must have shape \(4, 2\), not \(4, 1\)"),
        ({"a": zero + 32, "b": np.zeros(4, int)}, "codes of a must be 0 to 31, not 32 to 32"),
        ({"a": zero - 1, "b": np.zeros(4, int)}, "codes of a must be 0 to 31, not -1 to -1"),
    ]:
        with pytest.raises(ValueError, match=f"^{message}$"):
            to_bytes(stream, codes)
    with pytest.raises(ValueError, match=r"^images must have shape \(beats, 2\), not \(1, 3\)$"):
        from_bytes(stream, np.zeros((1, 3), np.uint8))
    with pytest.raises(ValueError, match=r"^padding above bit 13 of an image must be zero$"):
        from_bytes(stream, np.array([[0, 0x20]]))
    wide = make_stream(("a", 65, ()))
    with pytest.raises(ValueError, match=r"^width of a must be at most 64 bits, not 65$"):
        to_bytes(wide, {"a": np.zeros(1, int)})
    with pytest.raises(ValueError, match=r"^width of a must be at most 64 bits, not 65$"):
        from_bytes(wide, np.zeros((1, 9), np.uint8))
