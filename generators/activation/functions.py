"""From what the user names to a function on every code: by name, by import, or from samples; refused where it jumps.

Nothing is evaluated as an expression. A name with a dot or a colon is imported, which runs code: who takes fields from
a file asks :func:`imports` first.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import torch

from ...golden.activation.reference import FUNCTIONS
from ...hw.config import ConfigError
from ...hw.lookup import unknown
from .target import Integers, Reals

Function = Callable[[Reals], Reals]
"""From float64 numbers to as many."""


def imports(name: str) -> bool:
    """Whether a function of that name would be imported: ``torch.special.i0e``, ``module:attribute``."""
    return name not in FUNCTIONS and ("." in name or ":" in name)


def resolve(name: str) -> Function:
    """The function of that name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name in FUNCTIONS:
        return wrap(FUNCTIONS[name].call, name)
    if not imports(name):
        raise ConfigError(unknown("function", name, FUNCTIONS))
    module, colon, path = name.partition(":")
    if not colon:
        module, _, path = name.partition(".")
        if module != "torch":
            raise ConfigError(f"function must be torch.NAME or module:attribute to be imported, not {name!r}")
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"function must be importable, not {name!r} ({error})") from None
    if not callable(found):
        raise ConfigError(f"function must be callable, not {name!r} ({type(found).__name__})")
    return wrap(found, name)


def wrap(call: Callable[..., Any], name: str) -> Function:
    """Any callable of one variable as one from float64 numbers to as many.

    It is called with a float64 tensor of one dimension (a torch module in double precision; with a column if it takes
    no row), else with one number at a time.

    Raises
    ------
    ConfigError
        From the made function, if the callable gives no number for a number.
    """
    if isinstance(call, torch.nn.Module):
        call = copy.deepcopy(call).double().eval()

    def function(x: Reals) -> Reals:
        why: Exception | None = None
        for given in (torch.from_numpy(x), torch.from_numpy(x)[:, None]):
            try:
                with torch.no_grad():
                    made = np.asarray(torch.as_tensor(call(given)).detach(), np.float64)
            except Exception as error:  # whatever the user's code raises
                why = why or error
                continue
            if made.size == x.size:
                return made.reshape(-1)
            if made.size == 1:  # a constant
                return np.full(x.size, made.item())
        try:
            return np.array([_one(call, float(value)) for value in x])
        except Exception as error:
            raise ConfigError(
                f"function must take one variable and give one number, not as {name} ({why or error})"
            ) from None

    return function


def _one(call: Callable[..., Any], x: float) -> float:
    try:
        return float(call(x))
    except ArithmeticError:
        return float("nan")
    except ValueError as error:
        if "domain" in str(error) or "nonnegative" in str(error) or "positive" in str(error):
            return float("nan")  # as Python's math says it
        raise


def interpolate(xs: Any, ys: Any) -> Function:
    """The function through the user's own samples, straight between neighbours.

    Raises
    ------
    ConfigError
        If there are not two samples or more at rising finite x; from the made function, beyond the samples.
    """
    at, values = np.asarray(xs, np.float64).reshape(-1), np.asarray(ys, np.float64).reshape(-1)
    if len(at) != len(values) or len(at) < 2:
        raise ConfigError(f"samples must be two or more x and as many y, not {len(at)} and {len(values)}")
    if not (np.isfinite(at).all() and (np.diff(at) > 0).all()):
        raise ConfigError("samples must be at finite and rising x")

    def function(x: Reals) -> Reals:
        if beyond := [value for value in (x.min(), x.max()) if not at[0] <= value <= at[-1]]:
            raise ConfigError(f"samples must reach over the domain, not end at {at[0]:g} and {at[-1]:g} "
                              f"(x = {beyond[0]:g})")  # fmt: skip
        return np.interp(x, at, values)

    return function


def sample(function: Function | Sequence[float], name: str, codes: Integers, x: Reals, step: float) -> Reals:
    """The function on each code, one value per code if it is a sequence; ``x`` are their numbers, rising.

    A jump is sought between all neighbours at once, by cutting each gap into eight and going on with the part that
    changes most unlike the others: what is left after float64 ends is a jump, since a slope, however steep, shrinks.

    Raises
    ------
    ConfigError
        If it is not finite somewhere, or jumps by a quarter of ``step`` (the output's) or more; the sentence says
        where.
    """
    if not callable(function):
        values = np.asarray(function, np.float64).reshape(-1)
        if len(values) != len(codes):
            raise ConfigError(f"samples must be {len(codes)}, one per code of the domain, not {len(values)}")
        finite(values, x, name)
        return values
    values = function(x)
    finite(values, x, name)
    left, right = x[:-1], x[1:]
    for _ in range(17):  # eight to the seventeenth is more than float64 can tell apart
        if not len(left):
            return values
        cuts = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, 9)
        cuts[:, -1] = right
        inner = function(cuts.reshape(-1))
        finite(inner, cuts.reshape(-1), name)
        change = np.diff(inner.reshape(cuts.shape), axis=1)
        part = np.abs(change - np.median(change, axis=1, keepdims=True)).argmax(axis=1)
        rows = np.flatnonzero(np.abs(change).max(axis=1) >= step / 4)
        left, right = cuts[rows, part[rows]], cuts[rows, part[rows] + 1]
    before, after = function(left), function(right)
    jumps = np.abs(after - before)
    if len(jumps) and jumps.max() >= step / 4:
        at = int(jumps.argmax())
        code = codes[int(np.abs(x - right[at]).argmin())]
        raise ConfigError(f"function must not jump inside the domain, as {name} does by {jumps[at]:.3g} at "
                          f"x = {right[at]:.9g} (next to code {code})")  # fmt: skip
    return values


def finite(values: Reals, x: Reals, name: str) -> None:
    """Refuses values that are no numbers; ``x`` is where they are.

    Raises
    ------
    ConfigError
        Says where.
    """
    if not np.isfinite(values).all():
        at = int((~np.isfinite(values)).argmax())
        raise ConfigError(f"function must be finite on the domain, not {values[at]} as {name} is at x = {x[at]:.9g}")
