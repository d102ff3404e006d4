"""What is looked for among points: constraints, and figures to make small."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...hw.config import ConfigError

_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
}  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """Constraints ``(figure, relation, bound)``, and figures to make small, ``-figure`` where more is better."""

    constraints: tuple[tuple[str, str, float], ...] = ()
    minimise: tuple[str, ...] = ()

    def holds(self, metrics: Mapping[str, Any]) -> bool:
        """Whether all constraints hold; one on a figure that is not there does not."""
        return all(_number(metrics.get(name)) and _RELATIONS[sign](metrics[name], bound)
                   for name, sign, bound in self.constraints)  # fmt: skip

    def cost(self, metrics: Mapping[str, Any]) -> tuple[float, ...] | None:
        """The figures to make small, or None where one is not there."""
        found = []
        for name in self.minimise:
            value = metrics.get(name.removeprefix("-"))
            if not _number(value):
                return None
            found.append(-float(value) if name.startswith("-") else float(value))  # pyright: ignore[reportArgumentType]
        return tuple(found)

    def best(self, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The row of least cost, by the figures in order, whose constraints hold; the first by key of equals."""
        able = [(self.cost(row["metrics"]), row["key"], row) for row in rows
                if row["metrics"] is not None and self.holds(row["metrics"])]  # fmt: skip
        able = [entry for entry in able if entry[0] is not None]
        return min(able, key=lambda entry: entry[:2])[2] if able else None


def goal_of(constraints: Sequence[str], minimise: Sequence[str]) -> Goal:
    """The goal from words: ``max_error<=0.01``, ``lut`` or ``lut,-fmax_mhz``.

    Raises
    ------
    ConfigError
        If a word is none.
    """
    found = []
    for text in constraints:
        match = re.fullmatch(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<|>)\s*(\S+)\s*", text)
        try:
            found.append((match.group(1), match.group(2), float(match.group(3))) if match else None)
        except ValueError:
            found.append(None)
        if found[-1] is None:
            raise ConfigError(f"constraint must be figure<=number, not {text!r}")
    names = tuple(name.strip() for text in minimise for name in text.split(","))
    if not all(re.fullmatch(r"-?[A-Za-z_][\w.]*", name) for name in names):
        raise ConfigError(f"minimise must be names of figures, not {','.join(names)!r}")
    return Goal(tuple(entry for entry in found if entry), names)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
