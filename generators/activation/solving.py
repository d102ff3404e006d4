"""From a wish (a function, a domain, formats, so many segments or so small an error) to a config with its integers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from pydantic import model_validator

from ...golden import exact
from ...golden.activation import above, inputs
from ...hw.activation.config import ActivationConfig
from ...hw.config import ConfigError
from ...hw.fixed import parse_fixed
from ...verif.cache import build
from .floats import half_unit, table
from .floats import target as float_target
from .functions import Function, finite, interpolate, resolve, sample, wrap
from .lines import before, integers, largest, measure
from .lines import made as config_of
from .presets import ASKED
from .sketch import known
from .solver import Solver
from .target import Reals, Target

SEGMENTS = 16
"""Segments where neither their number nor an error is asked for."""


class _Wish(ActivationConfig):
    """The fields of a wish: those of the config, whose integers are not there yet."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._asked()
        return self


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config: those given, and the integers that a solver finds for them.

    Fields that hold segments or a table are left alone; if their function is known by name, their certificate is
    measured again.

    Raises
    ------
    ConfigError
        If there are none; or if the certificate given is not what the integers reach.
    """
    if fields.get("slopes") or fields.get("entries"):
        return _checked(fields)
    made = _Wish(**fields)
    return solve_wish(made, resolve(made.function)) | {key: fields[key] for key in fields if key not in ASKED}


def solve(function: str | Callable[..., Any] | Sequence[float] | tuple[Any, Any] = "gelu",
          **fields: Any) -> ActivationConfig:  # fmt: skip
    """The config that approximates a function.

    Parameters
    ----------
    function : str, callable, sequence or pair of sequences
        A name (as ``-s function=``); any callable of one variable, a torch module among them; one value for each code
        of the domain; or samples ``(x, y)``, between which lines run.
    **fields
        Further fields of :class:`~nervure.hw.activation.config.ActivationConfig`.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    if isinstance(function, str):
        return ActivationConfig(**wish({"function": function, **fields}))
    label = fields.pop("label", None)
    if callable(function):
        name = label or getattr(function, "__name__", type(function).__name__)
        made = _Wish(**{**fields, "function": "lambda" if name == "<lambda>" else name})
        found: Function | Sequence[float] = wrap(function, made.function)
    else:
        made = _Wish(**{**fields, "function": label or "samples"})
        pair = isinstance(function, tuple) and len(function) == 2 and np.ndim(function[0]) == 1
        found = interpolate(*function) if pair else function  # pyright: ignore[reportCallIssue, reportAssignmentType, reportArgumentType]
    given = {key: value for key, value in fields.items() if key not in ASKED}
    return ActivationConfig(**solve_wish(made, found) | given)


def solve_wish(made: ActivationConfig, function: Function | Sequence[float]) -> dict[str, Any]:
    """The fields that were asked for and the integers that meet them, from the cache if they were found before."""
    codes, x = (each.numpy() for each in inputs(made))
    step = made.output_format.lsb if made.float_output is None else made.input_format.lsb
    if not len(x):
        raise ConfigError(f"domain must hold a number of input={made.input}, not {made.domain!r}")
    inside = ~above(made, torch.from_numpy(codes)).numpy()
    values = sample(function, made.function, codes[inside], x[inside], float(step))
    if made.above == "identity":
        values = np.concatenate([values, _beyond(function, made.function, x[~inside])])
    asked = {key: getattr(made, key) for key in ASKED}
    key = json.dumps({**asked, "function": None}, sort_keys=True)

    def make(directory: Path) -> None:
        (directory / "fields.json").write_text(json.dumps(_solved(made, codes, x, values)))

    entry = build("activation", [_sources(), key, values.tobytes(), made.function], make)
    return asked | json.loads((entry / "fields.json").read_text())


def _beyond(function: Function | Sequence[float], name: str, x: Reals) -> Reals:
    """The function above the domain, where inputs give themselves."""
    if not callable(function):
        raise ConfigError(f"above=identity requires a function that can be called, not {name}")
    values = function(x)
    finite(values, x, name)
    return values


@lru_cache(maxsize=1)
def _sources() -> str:
    """Digest of everything that decides what a solver finds."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    room = here.parent.parent
    rooms = "cells", "floats", "joined", "lines", "solver", "stab", "solving", "target"
    names = [here / f"{name}.py" for name in rooms]
    names += sorted((room / "hw" / "activation" / "config").glob("[_af]*.py"))
    names += [room / "golden" / "activation" / f"{name}.py" for name in ("__init__", "numbers")]
    for path in [*names, room / "golden" / "exact.py", room / "hw" / "fixed.py", room / "hw" / "formats.py"]:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def _solved(made: ActivationConfig, codes: Reals, x: Reals, values: Reals) -> dict[str, Any]:
    if made.form == "table":
        return _table(made, codes, x, values)
    if made.continuous and made.knots != "free":
        raise ConfigError(f"continuous requires knots=free, not {made.knots}")
    floats = made.float_input is not None or made.float_output is not None
    target = float_target(made, codes, x, values) if floats else Target(made.codes[0], values, made.output_format)
    folded = "auto" if made.form == "fold" and made.symmetry == "none" else made.symmetry
    symmetry = target.require(folded, float(made.input_format.lsb), made.function)
    slope = parse_fixed(made.slope, "slope") if made.slope else None
    bias = parse_fixed(made.bias, "bias") if made.bias else None
    apart = made.form == "reload" and made.knots != "free"
    solver = Solver(target, made.input_format, symmetry, slope, bias, made.continuous, apart)
    if made.max_error is not None:
        count, lines = solver.fewest(made.max_error, made.knots)
        asked, limit = {}, solver.limit(count)
    else:
        count = made.segments or SEGMENTS
        asked, limit = {"segments": count}, solver.limit(count)
        beyond(made, codes, x, values, limit)
        lines = solver.best(count, made.knots, limit + target.step / 2 if made.knots == "free" else None)
    error, worst = measure(target, lines, made.input_format)
    found = asked | integers(lines) | {"reached": error, "worst_input": worst, "limit": limit}
    if made.float_output is not None:
        found["sum_error"] = float(np.abs(before(config_of(target, lines, made.input_format), values)).max())
    return found


def beyond(made: ActivationConfig, codes: Reals, x: Reals, values: Reals, limit: float) -> None:
    """Refuses an output whose saturation alone exceeds the limit; the sentence names the code."""
    fmt, out = made.output_format, made.float_output
    if out is not None:
        high = float(exact.to_float64(exact.decode(torch.tensor(out.max_finite), out)))
        low = -high
    else:
        low, high = fmt.low * float(fmt.lsb), fmt.high * float(fmt.lsb)
    over = np.maximum(values - high, low - values)
    worst = int(over.argmax())
    if over[worst] > limit:
        raise ConfigError(f"output must hold the function to within {limit:.3g}, the limit of this form, not "
                          f"{made.output}, which code {codes[worst]} (x = {x[worst]:g}) "
                          f"exceeds by {over[worst]:.3g}")  # fmt: skip


def _table(made: ActivationConfig, codes: Reals, x: Reals, values: Reals) -> dict[str, Any]:
    if made.segments is not None or made.knots != "free" or made.continuous or made.symmetry != "none":
        raise ConfigError("form=table requires no segments, knots, continuous or symmetry")
    out = made.float_output
    half = float(made.output_format.lsb) / 2 if out is None else float(half_unit(out, np.abs(values)).max())
    beyond(made, codes, x, values, half)
    found = {"entries": table(made, codes, x, values), "slope": None, "bias": None, "limit": half}
    given = {key: getattr(made, key) for key in ("domain", "input", "output", "above", "form")}
    error, worst = largest(ActivationConfig(**given, entries=found["entries"]), values)
    if made.max_error is not None and error > made.max_error:
        raise ConfigError(f"max_error must be at least {error:.4g}, the floor of output={made.output}, "
                          f"not {made.max_error:g}")  # fmt: skip
    return {**found, "reached": error, "worst_input": worst}


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    config = ActivationConfig(**fields)
    values = known(config) if "reached" in fields else None
    if values is None:
        return fields
    error, _ = largest(config, values)
    if not np.isclose(error, config.reached, rtol=1e-6, atol=1e-12):
        raise ConfigError(f"reached must be {error:.6g}, as these integers reach for {config.function}, "
                          f"not {config.reached:.6g}")  # fmt: skip
    return fields
