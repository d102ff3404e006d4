"""From a torch Linear behind a quantised activation to tables of a few inputs each."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...hw.activation.config.dtnn import MAX_ADDRESS, MAX_ENTRY
from ...hw.config import ConfigError


def import_linear(linear: Any, bits: int, group: int, *, step: float = 1.0, low: float = 0.0, scale: float = 1.0,
                  join: str = "adders", middle: int = 4, fan: int = 2, network: str = "layer",
                  ) -> tuple[dict[str, Any], float]:  # fmt: skip
    """Fields of a :class:`~nervure.hw.activation.config.dtnn.DtnnConfig` that computes the layer.

    Code c of an input stands for ``low + c * step``, a sum s for ``s * scale``. The sum of a branch's products is
    rounded once, as a whole. Where weights times step, and bias, are multiples of the scale nothing is rounded, and the
    result is exact. Two levels of tables round a branch's sum, where it has more values than ``middle`` bits hold, to
    the nearest multiple of a power of two that does.

    Parameters
    ----------
    linear : module
        With ``weight`` (outputs, inputs), and ``bias`` (outputs,) or None.
    bits, group, join, middle, fan
        As in DtnnConfig.
    step, low, scale : float
    network : str

    Returns
    -------
    fields : dict
    error : float
        The most by which a sum of steps can differ from the layer's number over the scale, added up over branches: a
        bound, and 0 where the tables are exact.

    Raises
    ------
    ConfigError
        If shapes do not fit, a number is not finite, or a table would be too large.
    """
    weight = _array("weight", linear.weight)
    if weight.ndim != 2:
        raise ConfigError(f"weight must be of shape (outputs, inputs), not {weight.shape}")
    outputs, inputs = weight.shape
    bias = np.zeros(outputs) if getattr(linear, "bias", None) is None else _array("bias", linear.bias)
    if bias.shape != (outputs,):
        raise ConfigError(f"bias must be of shape {(outputs,)}, not {bias.shape}")
    for key, value in (("bits", bits), ("group", group), ("middle", middle), ("fan", fan)):
        if value < 1:
            raise ConfigError(f"{key} must be at least 1, not {value}")
    if max(bits * group, middle * fan) > MAX_ADDRESS:
        raise ConfigError(f"addresses must have at most {MAX_ADDRESS} bits, not {max(bits * group, middle * fan)}")
    for key, value in (("step", step), ("scale", scale)):
        if not (np.isfinite(value) and value > 0):
            raise ConfigError(f"{key} must be a positive number, not {value}")
    constants = (bias + low * weight.sum(1)) / scale
    offsets = np.round(constants).astype(int)
    errors = np.abs(constants - offsets)
    branches: list[list[int]] = []
    rounded: dict[tuple[int, int], tuple[int, np.ndarray]] = {}
    for branch, start in enumerate(range(0, inputs, group)):
        products = _products(weight[:, start : start + group] * (step / scale), bits)
        entries = np.round(products).astype(int)
        errors += np.abs(entries - products).max(1)
        if np.abs(entries).max() >= MAX_ENTRY:
            raise ConfigError(f"entries must have at most 24 bits, not {int(np.abs(entries).max())}; a larger scale "
                              "makes them smaller")  # fmt: skip
        for output in range(outputs):
            row = entries[output]
            if join == "tables":
                code, values, error = _coded(row, middle)
                branches.append([output, branch, *code.tolist()])
                rounded[output, branch] = values
                errors[output] += error
            elif (row != row[0]).any():
                branches.append([output, branch, *row.tolist()])
            else:
                offsets[output] += row[0]
    fields: dict[str, Any] = {
        "network": network, "inputs": inputs, "outputs": outputs, "bits": bits, "group": group, "join": join,
        "branches": branches, "offsets": offsets.tolist(),
    }  # fmt: skip
    if join == "tables":
        fields |= {"middle": middle, "fan": fan, "joins": _joins(rounded, outputs, -(-inputs // group), fan)}
    return fields, float(errors.max())


def _products(weights: np.ndarray, bits: int) -> np.ndarray:
    """Sums of products at every address: ``(outputs, group)`` to ``(outputs, 2^(group * bits))``."""
    count = weights.shape[1]
    at = np.arange(1 << (bits * count))
    codes = np.stack([at >> i * bits & ((1 << bits) - 1) for i in range(count)])
    return weights @ codes


def _coded(row: np.ndarray, middle: int) -> tuple[np.ndarray, Any, int]:
    """Codes of a branch's sums, what each code stands for, and the rounding."""
    least, reach = int(row.min()), int(row.max() - row.min())
    shift = 0
    while (reach + ((1 << shift) >> 1)) >> shift >> middle:
        shift += 1
    code = (row - least + ((1 << shift) >> 1)) >> shift
    values = least + (np.arange(1 << middle) << shift)
    return code, values, int(np.abs(values[code] - row).max())


def _joins(values: dict[tuple[int, int], Any], outputs: int, branches: int, fan: int) -> list[list[int]]:
    """Tables of the second level: sums of what their branches' codes stand for."""
    rows = []
    for output in range(outputs):
        for number, start in enumerate(range(0, branches, fan)):
            total = np.zeros(1, int)
            for branch in range(start, min(start + fan, branches)):
                # The last branch's code is in the highest bits.
                total = (values[output, branch][:, None] + total[None, :]).ravel()
            rows.append([output, number, *total.tolist()])
    return rows


def _array(name: str, tensor: Any) -> np.ndarray:
    array = torch.as_tensor(tensor).detach().double().numpy()
    if not np.isfinite(array).all():
        raise ConfigError(f"{name} must be finite, not {array[~np.isfinite(array)][0]}")
    return array
