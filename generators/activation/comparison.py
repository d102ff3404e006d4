"""Errors of our segments at sixteen bits, beside the limit and beside published tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...hw.activation.config import ActivationConfig
from .solving import solve

COUNTS = (8, 16, 32)


@dataclass(frozen=True)
class Case:
    """A function on the domain and in the formats in which it is compared; all codes of 16 bits are tried."""

    function: str
    domain: str = "-8:8"
    input: str = "q3.12"
    output: str = "q3.12"
    folds: bool = True


CASES = (
    Case("gelu"), Case("silu"), Case("softplus"), Case("sigmoid", output="q1.14"), Case("tanh", output="q1.14"),
    Case("exp", "-10:0", "q4.11", "q1.14", folds=False), Case("erf", "-4:4", "q2.13", "q1.14"),
    Case("mish", folds=False),
)  # fmt: skip


@dataclass(frozen=True)
class Published:
    """What others reach: data, not run here.

    ``error`` is the largest, absolute, over all codes; ``source`` says by whom it was measured.
    """

    name: str
    entries: str
    error: dict[str, str]
    source: str


_OURS = "measured by this project over all codes, with the published recipe; not the paper's own figure"

PUBLISHED = (
    Published("NN-LUT recipe", "16", {"gelu": "2.5e-2 to 9.8e-2", "exp": "4.2e-3"}, _OURS),
    Published("GQA-LUT INT8", "16", {"gelu": "1.0e-2 to 1.4e-2"}, _OURS),
    Published("NLI", "259", {"gelu": "3.9e-3", "tanh": "2.6e-4"}, _OURS),
    Published("TFLite int16", "256 + interpolation", {"sigmoid": f"{1.02 / 2**15:.2e}", "tanh": f"{1.48 / 2**15:.2e}"},
              "1.02 and 1.48 steps of Q0.15; measured by this project over all codes"),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A case with its configs by number of segments, and the fold that stores 16."""

    case: Case
    free: dict[int, ActivationConfig]
    fold: ActivationConfig | None

    @property
    def misses(self) -> Iterator[str]:
        """The bars that are not reached: 1.12 of the limit at 16, 1.45 at 32, a fold of 16 1.45 of that of 32."""
        for count, bar in ((16, 1.12), (32, 1.45)):
            config = self.free[count]
            if config.reached > bar * config.limit:
                yield f"{self.case.function} {count}: {config.reached / config.limit:.3f} of the limit, over {bar}"
        if self.fold is not None and self.fold.reached > 1.45 * self.free[32].limit:
            yield f"{self.case.function} fold: {self.fold.reached / self.free[32].limit:.3f} of the limit, over 1.45"


def compare(cases: tuple[Case, ...] = CASES, say: Callable[[str], None] = lambda text: None) -> list[Row]:
    """Solves all cases; ``say`` is told of each."""
    rows = []
    for case in cases:
        say(case.function)
        fields = {"domain": case.domain, "input": case.input, "output": case.output}
        free = {count: solve(case.function, segments=count, **fields) for count in COUNTS}
        fold = solve(case.function, form="fold", segments=16, **fields) if case.folds else None
        rows.append(Row(case, free, fold))
    return rows


FLOATS = ("bf16", "fp16")
SEGMENTS = 16
"""Of the table of floats."""


@dataclass(frozen=True)
class FloatRow:
    """A case with one float in and out, by format."""

    case: Case
    configs: dict[str, ActivationConfig]

    @property
    def misses(self) -> Iterator[str]:
        """The bar that is not reached: 1.12 of the limit, before the rounding to the float."""
        for name, config in self.configs.items():
            if config.sum_error is not None and config.sum_error > 1.12 * config.limit:
                yield f"{self.case.function} {name}: {config.sum_error / config.limit:.3f} of the limit, over 1.12"


def compare_floats(cases: tuple[Case, ...] = CASES, say: Callable[[str], None] = lambda text: None) -> list[FloatRow]:
    """Solves all cases with floats in and out, 16 segments over the whole domain; ``say`` is told of each."""
    rows = []
    for case in cases:
        say(f"{case.function}, floats")
        rows.append(FloatRow(case, {name: solve(case.function, domain=case.domain, input=name, output=name,
                                                segments=SEGMENTS) for name in FLOATS}))  # fmt: skip
    return rows


def float_table(rows: list[FloatRow]) -> str:
    """Markdown: a line a function, for each float the largest error before and after the one rounding."""
    head = ["function", "domain"]
    for name in FLOATS:
        head += [f"{name}: of the sum", "limit", "after rounding"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        line = [row.case.function, f"[{row.case.domain.replace(':', ', ')}]"]
        for config in row.configs.values():
            assert config.sum_error is not None
            line += [f"{config.sum_error:.3g} ({config.sum_error / config.limit:.3f})", f"{config.limit:.3g}",
                     f"{config.reached:.3g}"]  # fmt: skip
        lines.append(line)
    return (
        "\n".join(f"| {' | '.join(line)} |" for line in lines)
        + f"\n\nLargest absolute error over every code of the domain, {SEGMENTS} segments, the float in and out; in "
        "brackets the sum's ratio to the\nlimit (of lines over the codes themselves: it may be a little under 1, since "
        "the circuit holds x = 8 to its\ngrid's last number). The rounding adds at most half a unit in the last place, "
        "which at large results is more\nthan all the rest.\n"
    )


def table(rows: list[Row]) -> str:
    """Markdown: a line a function with errors (and their ratio to the limit), then what others reach."""
    head = ["function", "domain", "in, out", *(f"{count} segments" for count in COUNTS), "limit 8, 16, 32",
            "fold, 16 stored", *(f"{other.name}, {other.entries}" for other in PUBLISHED)]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for row in rows:
        case, fold = row.case, row.fold
        ours = [f"{config.reached:.3g} ({config.reached / config.limit:.3f})" for config in row.free.values()]
        limits = ", ".join(f"{config.limit:.3g}" for config in row.free.values())
        folded = f"{fold.reached:.3g} ({fold.reached / row.free[32].limit:.3f})" if fold else "no symmetry"
        others = [other.error.get(case.function, "") for other in PUBLISHED]
        domain = f"[{case.domain.replace(':', ', ')}]"
        lines.append([case.function, domain, f"{case.input}, {case.output}", *ours, limits, folded, *others])
    notes = "\n".join(f"- {other.name}: {other.source}." for other in PUBLISHED)
    return (
        "\n".join(f"| {' | '.join(line)} |" for line in lines)
        + "\n\nLargest absolute error over every code of the domain; in brackets its ratio to the limit: the least "
        "error of as many\nreal segments that may begin anywhere (a fold's: of 32). Slopes have 16 bits.\n\n"
        + notes
        + "\n"
    )
