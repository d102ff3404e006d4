"""The neuron's step as a circuit against the golden model: every law, ends of the membrane, thresholds of each kind."""

from __future__ import annotations

import random

import pytest
import torch
from amaranth.sim import Simulator
from nervure.golden.snn.neuron import State, step
from nervure.hw.snn.config.neuron import Neuron
from nervure.hw.snn.step import NeuronStep

from .neuron_laws import LAWS

ROWS = 600


def simulate(law: Neuron, width: int, rows: list[dict[str, int]]) -> list[dict[str, int]]:
    dut = NeuronStep(law, width)
    outs = [name for name in dut.signature.members if name.endswith("_next") or name == "spikes"]
    found = []

    async def process(ctx):
        for row in rows:
            for name, value in row.items():
                if name in dut.signature.members:
                    ctx.set(getattr(dut, name), value)
            await ctx.delay(1e-9)
            found.append({name: ctx.get(getattr(dut, name)) for name in outs})

    simulator = Simulator(dut)
    simulator.add_testbench(process)
    simulator.run()
    return found


def corner(rng: random.Random, width: int) -> int:
    """A signed number, often near an end, near 0, or small."""
    half = 1 << (width - 1)
    kind = rng.randrange(5)
    value = [rng.randrange(-half, half), rng.randrange(-8, 9), half - 1 - rng.randrange(4), -half + rng.randrange(4),
             rng.randrange(-half, half) // 16][kind]  # fmt: skip
    return max(-half, min(half - 1, value))


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("fields", LAWS, ids=range(len(LAWS)))
def test_a_step_is_golden(fields, several):
    rng = random.Random(17)
    thetas = [64, 192, 128] if fields.get("levels") or fields.get("membrane_width", 16) > 9 else [37, 100, 1]
    law = Neuron(**{"membrane_width": 16, "threshold": thetas if several else thetas[:1], **fields})
    width = law.membrane_width + 2
    codes = law.spike_width
    highest = law.levels + 1 if law.levels else law.max_spikes
    rows = []
    for _ in range(ROWS):
        # A multiple of the threshold, and its neighbours, are where laws differ.
        theta = rng.choice(thetas if several else thetas[:1])
        v = corner(rng, law.membrane_width)
        x = rng.choice([corner(rng, width), rng.randrange(0, 6) * theta // 4 - v + rng.randrange(-1, 2)])
        x = max(-(1 << (width - 1)), min((1 << (width - 1)) - 1, x))
        rows.append({"x": x, "v": v, "i": corner(rng, law.current_width), "theta": theta,
                     "waiting": rng.randrange(highest + 1), "silent": rng.randrange(law.refractory + 1)})  # fmt: skip
    found = simulate(law, width, rows)
    column = {key: torch.tensor([row[key] for row in rows]) for key in rows[0]}

    def amount(code: torch.Tensor) -> torch.Tensor:
        return torch.where(code > 0, 1 << (code - 1).clamp(min=0), 0) if law.levels else code

    state = State(column["v"], column["i"], amount(column["waiting"]), column["silent"])
    spikes, after = step(law, column["theta"], state, column["x"])
    wanted = {"spikes": spikes, "v_next": after.membrane, "i_next": after.current, "waiting_next": after.waiting,
              "silent_next": after.silent}  # fmt: skip
    for name in found[0]:
        ours = torch.tensor([row[name] for row in found])
        ours = amount(ours) if name in ("spikes", "waiting_next") else ours
        assert torch.equal(ours, wanted[name]), name
    assert (spikes == 0).any() and (int(spikes.max()) == law.highest or law.max_spikes == 255)
    assert codes == highest.bit_length()


def test_every_state_of_a_small_neuron():
    """All membranes, drives and thresholds of 4 bits, of laws that round and wrap."""
    for fields in ({"max_spikes": 3, "leak": "shift", "compare": ">"}, {"levels": 1, "rounding": "log"},
                   {"rearm": True, "overflow": "wrap"}):  # fmt: skip
        thetas = [2, 4, 6] if fields.get("levels") else [1, 3, 7]
        law = Neuron(threshold=thetas, membrane_width=4, **fields)
        rows = [{"v": v, "x": x, "theta": theta} for v in range(-8, 8) for x in range(-8, 8) for theta in thetas]
        found = simulate(law, 4, rows)
        v, x, theta = (torch.tensor([row[key] for row in rows]) for key in ("v", "x", "theta"))
        zero = torch.zeros_like(v)
        spikes, after = step(law, theta, State(v, zero, zero, zero), x)
        code = torch.tensor([row["spikes"] for row in found])
        assert torch.equal(torch.where(code > 0, 1 << (code - 1).clamp(min=0), 0) if law.levels else code, spikes)
        assert [row["v_next"] for row in found] == after.membrane.tolist()
