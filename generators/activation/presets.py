"""Presets of the activation unit: wishes, one of each form and kind of knots; and which fields wishes and solutions
are made of."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "gelu16": {"function": "gelu", "segments": 16},
    "gelu16_fold": {"function": "gelu", "form": "fold", "segments": 16},
    "silu16_fold": {"function": "silu", "form": "fold", "segments": 16},
    "sigmoid_table": {"function": "sigmoid", "form": "table", "input": "q3.4", "output": "uq1.7"},
    "tanh32_uniform": {"function": "tanh", "form": "fold", "knots": "uniform", "output": "q1.14", "segments": 32},
    "exp16_pow2": {
        "function": "exp", "domain": "-10:0", "input": "q4.11", "output": "q1.14", "knots": "pow2", "segments": 16,
    },
    "gelu16_reload": {"function": "gelu", "form": "reload", "segments": 16},
    "gelu16_bf16": {"function": "gelu", "form": "fold", "segments": 16, "input": "bf16", "output": "bf16",
                    "above": "identity"},
    "silu16_fp16": {"function": "silu", "segments": 16, "input": "fp16", "output": "fp16"},
    "softplus_error": {"function": "softplus", "form": "fold", "max_error": 1e-3},
}  # fmt: skip
"""Config fields by preset name, from which the solver makes the rest."""

SOLVED = ("centre", "address", "breakpoints", "slopes", "biases", "entries", "reached", "limit", "sum_error",
          "worst_input")  # fmt: skip
"""Fields that a solver fills."""

ASKED = {
    **dict.fromkeys(("function", "domain", "input", "output", "grid", "above", "form", "knots", "continuous",
                     "segments", "max_error"), False),
    **dict.fromkeys(("symmetry", "slope", "bias"), True),
}  # fmt: skip
"""Fields that decide what it fills them with, and whether it chooses them where they are not given."""
