"""Front ends of heartbeat classifiers: presets that fit the shipped networks, and what a config entails."""

from __future__ import annotations

from typing import Any

from ...hw.ecg.config.front import POSITION, EcgFrontConfig

PRESETS: dict[str, dict[str, Any]] = {
    "rr12k": {"steps": 31, "stride": 4, "rr": 4},
    "rr8k": {"steps": 31, "stride": 3, "rr": 4},
    "rr4k": {"steps": 15, "stride": 5, "rr": 4},
    "wave16k": {"steps": 31, "stride": 3},
    "wave": {},
}
"""Config fields by preset name: the inputs of the shipped network of that name, and all samples in four bits."""

STALL = "a row that is not taken keeps the unit from the next sample"
"""What the Verilog's header says of a stall."""


def fields(config: EcgFrontConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    return {"x": {"format": f"uint{config.adc_bits}"}, "last": {"format": "uint1"},
            "n": {"format": f"uint{config.count_width}", "shape": [config.inputs]},
            "position": {"format": f"uint{POSITION}"}}  # fmt: skip


def timing(config: EcgFrontConfig) -> dict[str, int | None]:
    """No latency that is the same for all samples; cycles after which nothing more comes out."""
    from ...hw.ecg.front.circuit import drain

    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain(config)}


def derive(config: EcgFrontConfig) -> dict[str, Any]:
    """What follows from the config: counts a row, cycles of a sample and of what is found with it, bits kept."""
    from ...hw.ecg.front.circuit import SAMPLE, drain

    return {
        "counts_per_row": config.inputs, "cycles_per_sample": SAMPLE, "cycles_of_a_judged_peak": config.judging_cycles,
        "cycles_of_a_row": config.row_cycles, "cycles_of_first_thresholds": config.division_cycles,
        "most_cycles_of_a_sample": drain(config), "memory_bits": config.memory * config.adc_bits,
    }  # fmt: skip


def formula(config: EcgFrontConfig) -> str:
    """What the unit computes, in a few words."""
    rr = ", 4 counts of the intervals around it" if config.rr else ""
    return (f"R peaks of {config.adc_bits}-bit samples (Pan-Tompkins); of each, {len(config.offsets)} samples as "
            f"floor((2 T (x - lo) + hi - lo) / (2 (hi - lo))), T = {config.steps}{rr}")  # fmt: skip
