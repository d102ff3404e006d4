"""Lists of integers that come from elsewhere: checked as a whole, however they are nested."""

from __future__ import annotations

from typing import Any

import numpy as np


def integers(name: str, value: Any) -> tuple[int, ...]:
    """The numbers of a list, nested list or array, row-major.

    Raises
    ------
    ValueError
        If one is not finite or not an integer, or the list's rows differ in length; the sentence starts with ``name``.
    """
    if type(value) is tuple and all(type(number) is int for number in value):
        return value
    try:
        array = np.asarray([value] if np.isscalar(value) else value)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} must be rows of numbers of one length, not {_short(value)}") from None
    if array.dtype.kind == "f":
        if (bad := array[~np.isfinite(array)]).size:
            raise ValueError(f"{name} must be finite, not {bad[0]}")
        if (bad := array[(array != np.floor(array)) | (np.abs(array) >= 2.0**53)]).size:
            raise ValueError(f"{name} must be integers, not {bad[0]}")
        array = array.astype(np.int64)
    if array.dtype.kind == "O" and all(type(number) is int for number in array.ravel()):
        raise ValueError(f"{name} must be integers of 64 bits, not {_short(max(array.ravel(), key=abs))}")
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"{name} must be integers, not {_short(array.ravel()[0].item())}")
    return tuple(array.ravel().tolist())


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
