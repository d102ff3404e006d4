"""From a wish to a vector unit on the network: its tables, manifest fields, timing, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.config import ConfigError
from ...hw.fixed import Fixed, parse_fixed
from ...hw.noc.config.nova import NovaConfig

PRESETS: dict[str, dict[str, Any]] = {
    "gelu": {"functions": ["gelu"], "pairs": 16},
    "gelu_fold": {"functions": ["gelu"], "form": "fold", "segments": 8, "pairs": 8},
    "attention": {"functions": ["exp", "gelu"], "form": "auto", "segments": 8, "pairs": 8, "routers": 8},
    "two_flits": {"functions": ["gelu", "exp"], "routers": 3, "lanes": 2, "interval": "auto"},
    "two_clocks": {"functions": ["gelu", "exp"], "lanes": 2, "clock_multiple": 2},
    "ring_broadcast": {
        "functions": ["sigmoid", "tanh"], "form": "fold", "segments": 8, "topology": "ring", "routers": 6, "lanes": 2,
        "breakpoints": "broadcast",
    },
}  # fmt: skip
"""Config fields by preset name, from which the solver makes the rest."""

SOLVED = ("symmetries", "centres", "knots", "slopes", "biases", "reached", "limits", "worst_inputs")
"""Fields that a solver fills."""

ASKED = {
    **dict.fromkeys(("function", "functions", "domain", "domains", "input", "output", "form", "segments"), False),
    **dict.fromkeys(("slope", "bias"), True),
}
"""Fields that decide what it fills them with, and whether it chooses them where they are not given."""

DOMAINS = {"exp": "-8:0", "exp2": "-8:0", "reciprocal": "0.5:8", "rsqrt": "0.5:8", "sqrt": "0:8", "log": "0.5:8",
           "log2": "0.5:8"}  # fmt: skip
"""Domains of functions that have no other; -8:8 of all that are not here."""

_OF_TABLE = {"symmetry": "symmetries", "centre": "centres", "breakpoints": "knots", "slopes": "slopes",
             "biases": "biases", "reached": "reached", "limit": "limits", "worst_input": "worst_inputs"}  # fmt: skip


def wish(fields: dict[str, Any], config: type[NovaConfig] = NovaConfig) -> dict[str, Any]:
    """The fields of a config: those given, and the tables; tables that are given are left alone.

    ``function`` stands for ``functions`` of one, ``domain`` for the domain of all. All tables get the same formats of
    slope and bias: where they are not given, those that hold the steepest and the highest.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    fields = dict(fields)
    for one, many in (("function", "functions"), ("domain", "domains")):
        if one in fields:
            fields[many] = [fields.pop(one)]
    if fields.get("slopes"):
        return fields
    made = config.asked(**{key: value for key, value in fields.items() if key not in SOLVED})
    return fields | _solved(made, fields)


def _solved(made: NovaConfig, fields: dict[str, Any]) -> dict[str, Any]:
    from ..activation import wish as solve

    functions = list(made.functions)
    domains = list(fields.get("domains") or [DOMAINS.get(function, "-8:8") for function in functions])
    if len(domains) == 1:
        domains *= len(functions)
    if len(domains) != len(functions):
        raise ConfigError(f"domains must be one, or one for each of {len(functions)} functions, not {len(domains)}")

    def table(function: str, domain: str, slope: str | None, bias: str | None) -> dict[str, Any]:
        asked = {"function": function, "domain": domain, "input": made.input, "output": made.output,
                 "segments": made.segments, "slope": slope, "bias": bias}  # fmt: skip
        asked = {key: value for key, value in asked.items() if value is not None}
        if made.form != "auto":
            return solve({**asked, "form": made.form})
        try:
            return solve({**asked, "form": "fold"})
        except ConfigError:
            return solve({**asked, "form": "pwl"})

    rows = [table(*pair, made.slope, made.bias) for pair in zip(functions, domains, strict=True)]
    slope, bias = (_common([row[key] for row in rows], given) for key, given in
                   (("slope", made.slope), ("bias", made.bias)))  # fmt: skip
    rows = [row if (row["slope"], row["bias"]) == (slope, bias) else table(*pair, slope, bias)
            for row, pair in zip(rows, zip(functions, domains, strict=True), strict=True)]  # fmt: skip
    return {"functions": functions, "domains": domains, "slope": slope, "bias": bias,
            **{many: [row[one] for row in rows] for one, many in _OF_TABLE.items()}}  # fmt: skip


def _common(names: list[str], given: str | None) -> str:
    """A format that holds the numbers of all, no wider than the widest of them."""
    if given:
        return given
    formats = [parse_fixed(name) for name in names]
    integer, width = max(fmt.integer_bits for fmt in formats), max(fmt.width for fmt in formats)
    return Fixed(True, integer, width - 1 - integer).name


def imports(fields: dict[str, Any]) -> str | None:
    """What making a config from these fields would import, if anything."""
    if fields.get("slopes"):
        return None
    names = [str(fields["function"])] if "function" in fields else [str(name) for name in fields.get("functions", ())]
    return next((name for name in names if "." in name or ":" in name), None)


def fields(config: NovaConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    return {
        "x": {"format": config.input, "shape": [config.width]}, "table": {"format": f"uint{config.table_width}"},
        "y": {"format": config.output, "shape": [config.width]}, "status": {"format": "uint1"},
    }  # fmt: skip


def timing(config: NovaConfig) -> dict[str, Any]:
    """Cycles from a beat to its results, and from a beat to the next; with two clocks, what is known of them."""
    if config.clock_multiple == 1:
        return {"latency_cycles": config.latency, "initiation_interval": config.cycles}
    fits = config.flits <= config.clock_multiple
    return {
        "latency_cycles": None, "initiation_interval": 1 if fits else None, "latency_bound_cycles": config.latency,
        # Beats in all slots, one behind the other, and the time that clearing takes after a reset.
        "drain_cycles": config.latency + (config.cycles << config.slot_bits) + 12,
        "clocks": [{"port": "clk_noc", "multiple": config.clock_multiple}],
    }  # fmt: skip


def certificate(config: NovaConfig) -> dict[str, Any]:
    """The certificate of the table of largest error, as of the unit ``activation``; that of each under ``tables``."""
    from ..activation.certify import NOTHING, whole

    step = float(config.input_format.lsb)
    rows = [
        {"function": table.function, "max_error": reached, "limit": limit,
         "ratio": reached / limit if limit > NOTHING else None, "worst_input": worst * step, "segments": whole(table),
         "stored_segments": len(table.slopes)}
        for table, reached, limit, worst in zip(config.tables, config.reached, config.limits, config.worst_inputs,
                                                strict=True)
    ]  # fmt: skip
    most = max(rows, key=lambda row: row["max_error"])
    return {**{key: value for key, value in most.items() if key != "function"}, "tables": rows}


def derive(config: NovaConfig) -> dict[str, Any]:
    """What follows from the config: flits, link and storage in bits, the way to the furthest router, registers."""
    from ...hw.noc.lane import placed
    from ...hw.noc.line import shapes
    from ...hw.noc.words import words

    made = words(config)
    pair = sum(shape.width for shape in shapes(config, made))
    tag = (config.flits > 1) + (config.flits - 1).bit_length() * (config.breakpoints == "local")
    before, behind = placed(config)
    return {
        "flits": config.flits, "link_bits": config.slots * pair + tag,
        "source_bits": sum(len(slopes) for slopes in config.slopes) * pair, "line_registers": config.depth,
        "lane_registers": {**before, "pair": 1, **behind},
        **({"slots": 1 << config.slot_bits} if config.clock_multiple > 1 else {}),
    }  # fmt: skip


def formula(config: NovaConfig) -> str:
    """What the unit computes, in a few words: ``gelu, exp (q3.12) to q3.12 on 4 x 4 lanes``."""
    return (f"{', '.join(config.functions)} ({config.input}) to {config.output} on {config.routers} x {config.lanes} "
            "lanes")  # fmt: skip
