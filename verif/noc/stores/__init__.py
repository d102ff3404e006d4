"""Evidence for vector units with tables in memories: that of the unit ``nova``, whose equations they have."""

from __future__ import annotations

from ....hw.noc.config.stores import StoresConfig
from ...artifact import Artifact
from ..nova import FEATURES, KINDS, coverage, describe, exhaustive, expect, features, operations, stimulus

__all__ = ["FEATURES", "KINDS", "config_of", "coverage", "describe", "exhaustive", "expect", "features", "operations",
           "stimulus"]  # fmt: skip


def config_of(artifact: Artifact) -> StoresConfig:
    """The config that the artefact was made from."""
    return StoresConfig(**artifact.manifest["config"])
