"""Evidence for the norms on the network: that of the norms, whose equations they have, and claims of their own."""

from __future__ import annotations

from ....hw.noc.config.norm import NocNormConfig
from ...activation import norm as one_place
from ...artifact import Artifact
from .claims import claims

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES, KINDS, features, stimulus = one_place.FEATURES, one_place.KINDS, one_place.features, one_place.stimulus
coverage, describe, ends, exhaustive = one_place.coverage, one_place.describe, one_place.ends, one_place.exhaustive
expect, operations = one_place.expect, one_place.operations


def config_of(artifact: Artifact) -> NocNormConfig:
    """The config that the artefact was made from."""
    return NocNormConfig(**artifact.manifest["config"])
