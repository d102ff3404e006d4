"""Sums become spikes: bias, thresholds, the neurons' state between time steps, and tokens put together."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from typing import Any

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ..fixed import signed_width
from .config import Facts, SnnConfig, spread
from .config.layer import Layer
from .config.plan import Plan, bits_of
from .step import NeuronStep


class Fire(Component):
    """The neurons of a layer, ``lanes`` at once: a sum of each comes in, a token goes out after the last group.

    Parameters
    ----------
    config : SnnConfig
    layer : Layer
    plan : Plan

    Members
    -------
    soon : In(1)
        Sums come in the next cycle, those of the next group, in order of places and groups.
    y : In
        Sums, ``facts.sum_width`` bits each.
    token : Out
        Numbers of the place's channels.
    done : Out(1)
        A token stands in ``token`` in this cycle.
    last : Out(1)
        With ``done``: it ends the last time step of a frame, after which states are 0.

    Latency: a token stands one cycle after the sums of its last group. Where there are several time steps, the state of
    every neuron is kept in a memory of places x groups words.
    """

    soon: Any
    y: Any
    token: Any
    done: Any
    last: Any

    def __init__(self, config: SnnConfig, layer: Layer, plan: Plan):
        self.config, self.layer, self.plan = config, layer, plan
        self.facts: Facts = config.facts[layer.name]
        self.width, _ = bits_of(self.facts.values)
        super().__init__({"soon": In(1), "y": In(self.facts.sum_width * plan.lanes),
                          "token": Out(self.width * plan.grid[0]), "done": Out(1), "last": Out(1)})  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        plan, config = self.plan, self.config
        words = plan.places * plan.groups
        now, fresh, ends = Signal(name="now"), Signal(name="fresh"), Signal(name="ends")
        group, at = Signal(range(max(plan.groups, 2)), name="group"), Signal(range(max(words, 2)), name="at")
        step = Signal(range(max(config.passes, 2)), name="step")
        at_now = Signal(len(at), name="at_now")
        last_group, last_at, last_step = group == plan.groups - 1, at == words - 1, step == config.passes - 1
        final = Signal(name="final")
        m.d.sync += [now.eq(self.soon), fresh.eq(step == 0), ends.eq(self.soon & last_group), at_now.eq(at),
                     final.eq(self.soon & last_at & last_step), self.done.eq(ends), self.last.eq(final)]  # fmt: skip
        with m.If(self.soon):
            m.d.sync += [group.eq(Mux(last_group, 0, group + 1)), at.eq(Mux(last_at, 0, at + 1))]
            with m.If(last_at):
                m.d.sync += step.eq(Mux(last_step, 0, step + 1))
        times = config.steps if config.code == "counts" else 1
        bias = self._looked_up(m, "bias", self.layer.bias, times, group, at)
        law = self.layer.neuron
        theta = self._looked_up(m, "theta", law.threshold, 1, group, at) if law else []
        state = self._state(m, at, at_now, now) if law and config.passes > 1 else None
        values, after = [], []
        for lane in range(plan.lanes):
            size = self.facts.sum_width
            y = self.y[lane * size : (lane + 1) * size].as_signed()
            if law is None:
                values.append(y + bias[lane])
                continue
            low, high = self.facts.driven
            drive = signed_width(min(low, 0), max(high, 0))
            m.submodules[f"neuron{lane}"] = neuron = NeuronStep(law, drive)
            m.d.comb += neuron.x.eq((y << law.fraction) + bias[lane])
            if len(law.threshold) > 1:
                m.d.comb += neuron.theta.eq(theta[lane])
            if state is not None:
                held = _members(neuron)
                word, start = state[lane], 0
                for name in held:
                    port = getattr(neuron, name)
                    part = word[start : start + len(port)]
                    m.d.comb += port.eq(Mux(fresh, 0, part))
                    start += len(port)
                after.append(Cat(*(getattr(neuron, f"{name}_next") for name in held)))
            # Behind the neurons a level of ShiftLIF is the number that it stands for.
            values.append((Const(1, 1) << neuron.spikes)[1:] if law.levels else neuron.spikes)
        if state is not None:
            m.d.comb += self.after.eq(Cat(*after))
        self._together(m, now, [_cut(m, value, self.width, f"value_{lane}") for lane, value in enumerate(values)])
        return m

    def _together(self, m: Module, now: Signal, values: list[Value]) -> None:
        """Groups come one after the other; the last one completes the token."""
        plan = self.plan
        size = self.width * plan.lanes * plan.groups
        parts = Signal(size, name="parts")
        with m.If(now):
            m.d.sync += parts.eq(Cat(parts[self.width * plan.lanes :], *values))
        m.d.comb += self.token.eq(parts)

    def _looked_up(self, m: Module, name: str, numbers: tuple[int, ...], times: int, group: Signal, at: Signal,
                   ) -> list[Value]:  # fmt: skip
        """A number for each lane at the time of its sum: constants, or a memory by group or by place and group."""
        plan, (channels, rows, columns) = self.plan, self.plan.grid
        if len(set(numbers)) <= 1:
            return [Const(numbers[0] * times if numbers else 0)] * plan.lanes
        shape = self.facts.shape
        # A list's numbers are the map's row-major: both are (channels, places).
        each = np.broadcast_to(spread(numbers, shape), shape).reshape(channels, rows * columns).T * times
        table = np.zeros((plan.places, plan.groups * plan.lanes), np.int64)
        table[:, :channels] = each
        # Lanes past the last channel need a threshold too.
        table[:, channels:] = max(numbers)
        table = table.reshape(plan.places * plan.groups, plan.lanes)
        if (table.reshape(plan.places, -1) == table[: plan.groups].reshape(-1)).all():
            table, at = table[: plan.groups], group
        width = signed_width(int(table.min()), int(table.max()))
        if len(table) == 1:
            return [Const(int(number), signed(width)) for number in table[0]]
        words = [sum((int(n) & ((1 << width) - 1)) << (k * width) for k, n in enumerate(row)) for row in table]
        m.submodules[name] = memory = Memory(shape=width * plan.lanes, depth=len(words), init=words)
        read = memory.read_port()
        m.d.comb += read.addr.eq(at)
        return [read.data[k * width : (k + 1) * width].as_signed() for k in range(plan.lanes)]

    def _state(self, m: Module, at: Signal, at_now: Signal, now: Signal) -> list[Value]:
        """State of each lane's neuron at the time of its sum; what follows it is kept from ``self.after``."""
        law, plan = self.layer.neuron, self.plan
        assert law is not None
        sample = NeuronStep(law, 1)
        sample._MustUse__silence = True  # asked for the widths of its state alone
        size = sum(len(getattr(sample, name)) for name in _members(sample))
        words = plan.places * plan.groups
        self.after = Signal(size * plan.lanes, name="after")
        if words == 1:
            word = Signal(size * plan.lanes, name="state")
            with m.If(now):
                m.d.sync += word.eq(self.after)
        else:
            m.submodules.states = memory = Memory(shape=size * plan.lanes, depth=words, init=[])
            write, read = memory.write_port(), memory.read_port()
            word = read.data
            m.d.comb += [read.addr.eq(at), write.addr.eq(at_now), write.en.eq(now), write.data.eq(self.after)]
        return [word[k * size : (k + 1) * size] for k in range(plan.lanes)]


def _members(neuron: NeuronStep) -> list[str]:
    """Names of the state that a law has."""
    return [name for name in ("v", "i", "waiting", "silent") if f"{name}_next" in neuron.signature.members]


def _cut(m: Module, value: Value, width: int, name: str) -> Signal:
    """The value on as many wires as its range needs."""
    out = Signal(width, name=name)
    m.d.comb += out.eq(value)
    return out
