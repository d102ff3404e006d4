"""Laws of neurons for the tests, and the law in plain Python."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from nervure.hw.snn.config.neuron import Neuron


def plain(law: Neuron, theta: int, drives: list[int]) -> list[tuple[int, int]]:
    """The law in Python's integers and fractions, one neuron, one condition after the other."""
    v = i = waiting = silent = 0
    out = []

    def hold(value: int, width: int) -> int:
        low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
        if law.overflow == "saturate":
            return min(high, max(low, value))
        while value > high:
            value -= 2**width
        while value < low:
            value += 2**width
        return value

    def leak(value: int, kind: str, shift: int, multiplier: int) -> int:
        if kind == "none":
            return value
        if kind == "shift":
            return value - floor(Fraction(value, 2**shift))
        return floor(Fraction(multiplier * value, 2**shift))

    def over(value: Fraction, limit: Fraction) -> bool:
        return value > limit if law.compare == ">" else value >= limit

    for x in drives:
        drive = x
        if law.current != "absent":
            before = i
            i = hold(leak(i, law.current, law.current_shift, law.current_multiplier) + x, law.current_width)
            drive = i if law.current_order == "new" else before
        u = v
        if waiting and law.reset == "value":
            u = law.reset_value
        u = leak(u, law.leak, law.leak_shift, law.leak_multiplier) + drive
        if waiting and law.reset == "subtract":
            u -= waiting * theta // 2**law.levels
        u = hold(u, law.membrane_width)
        seen = Fraction(u - theta if law.rearm and over(Fraction(v), Fraction(theta)) else u, theta)
        s = 0
        if silent:
            silent -= 1
            u = v
        elif law.levels:
            for j in range(law.levels, -1, -1):
                level, below = Fraction(1, 2**j), Fraction(0 if j == law.levels else 1, 2 ** (j + 1))
                if law.rounding == "floor":
                    reached = over(seen, level)
                elif law.rounding == "nearest":
                    reached = over(seen, (level + below) / 2)
                else:
                    reached = seen > 0 and 2 * seen**2 > level**2
                s = 2 ** (law.levels - j) if reached else s
        else:
            while s < law.max_spikes and over(seen, Fraction(s + 1)):
                s += 1
        if s:
            silent = law.refractory
        waiting = s if law.reset_delay else 0
        v = u
        if s and not law.reset_delay:
            v = {"subtract": u - s * theta // 2**law.levels, "value": law.reset_value, "none": u}[law.reset]
        if law.floor == "threshold" and v < -theta:
            v = -theta
        out.append((s, v))
    return out


LAWS = [
    {"compare": ">", "reset": "value", "reset_value": -5, "refractory": 2, "leak": "shift", "leak_shift": 3},
    {"reset": "subtract", "max_spikes": 5, "overflow": "wrap", "membrane_width": 9},
    {"reset": "subtract", "max_spikes": 255, "compare": ">", "membrane_width": 12},
    {"reset": "none", "leak": "multiplier", "leak_multiplier": 200, "leak_shift": 8, "refractory": 1},
    {"reset": "subtract", "reset_delay": True, "max_spikes": 3, "leak": "multiplier", "leak_shift": 4,
     "leak_multiplier": 15},
    {"reset": "value", "reset_delay": True, "compare": ">", "membrane_width": 8, "overflow": "wrap"},
    {"rearm": True, "membrane_width": 10},
    *({"levels": k, "rounding": r, "compare": c, "leak": "multiplier", "leak_shift": 8, "leak_multiplier": 240,
       "reset": m} for k, r, c, m in [(1, "floor", ">", "subtract"), (3, "nearest", ">=", "subtract"),
                                      (3, "log", ">=", "subtract"), (2, "nearest", ">", "value"),
                                      (6, "log", ">", "none"), (2, "floor", ">=", "subtract")]),
    {"levels": 2, "reset_delay": True},
    {"current": "shift", "current_shift": 2, "leak": "shift", "leak_shift": 2, "current_width": 9},
    {"current": "multiplier", "current_shift": 6, "current_multiplier": 60, "current_order": "old", "refractory": 3,
     "reset": "value", "compare": ">", "overflow": "wrap", "current_width": 8},
    {"current": "none", "current_width": 10, "membrane_width": 11},
    {"floor": "threshold", "max_spikes": 15},
    {"floor": "threshold", "refractory": 2, "compare": ">", "reset": "value", "reset_value": -100, "leak": "shift"},
    {"floor": "threshold", "reset_delay": True},
]  # fmt: skip
