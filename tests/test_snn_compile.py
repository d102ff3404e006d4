"""``nervure compile``: a folder on which every verb works, errors in one sentence, nothing half-written."""

from __future__ import annotations

import json
import os
import warnings

import numpy as np
import pytest
from nervure.generators import cli
from nervure.generators.snn import predict
from nervure.generators.snn.fold import used
from nervure.golden.snn import run
from nervure.hw.snn.config import SnnConfig
from nervure.verif.artifact import Artifact
from nervure.verif.batch import BatchModel
from nervure.verif.snn import ends, expect, stimulus

from .nir_graphs import conv_graph

warnings.filterwarnings("ignore", category=DeprecationWarning)
import nir  # noqa: E402


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small.nir"
    nir.write(path, conv_graph(np.random.default_rng(0)))
    return path


def test_compile_leaves_a_unit_that_holds(model, tmp_path, capfd):
    to = tmp_path / "out"
    words = ["compile", str(model), "-o", str(to), "--steps", "3", "--semantics", "sinabs", "--cycles", "2000"]
    assert cli.main([*words, "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert sorted(said["files"]) == sorted(os.listdir(to)) and said["semantics"] == "sinabs"
    artifact, config = Artifact.load(to), SnnConfig.from_toml(to / "network.toml")
    assert artifact.manifest["config"]["semantics"] == "sinabs" and "step_seconds" in artifact.manifest["config"]
    assert artifact.manifest["digest"] == config.digest == said["digest"]
    assert artifact.manifest["cycles_per_frame"] <= 2000
    x = stimulus(config, 12 * 3 * 64, 0)
    found = BatchModel(artifact).run(x, ends=ends(config, x), stall_in=0.2, stall_out=0.2)
    assert np.array_equal(found.outputs["y"], expect(config, x)["y"])
    assert cli.main(["show", "snn", "-c", str(to / "network.toml"), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["digest"] == said["digest"]
    # Again into the same folder: it is the same unit.
    assert cli.main([*words, "--json"]) == 0
    frames = np.random.default_rng(1).integers(0, 2, (4, 3, *config.input_shape))
    import torch

    assert np.array_equal(predict(to, frames), run(config, torch.from_numpy(frames)).classes.numpy())


@pytest.mark.parametrize("words, sentence", [
    (["--steps", "0"], "steps must be"),
    (["--bits", "3"], "bits must be"),
    (["--semantics", "brian"], "unknown semantics 'brian'"),
    (["--cycles", "1"], "cycles must be at least 100 for this network, not 1"),
    (["--cycles", "2000", "--lut", "9"], "cycles must be given without frames_per_second, clock, dsp, lut and bram"),
    (["--lut", "9"], "budget must be at least lut = "),
    (["--clock", "1e6"], "clock=1e+06 requires frames_per_second"),
    (["--frames-per-second", "0"], "frames_per_second must be a positive number, not 0.0"),
    (["--frames-per-second", "1e9"], "frames_per_second must be at most "),
    (["--scales", "row"], "scales must be"),
])  # fmt: skip
def test_what_cannot_be_compiled_leaves_nothing(model, tmp_path, capfd, words, sentence):
    to = tmp_path / "out"
    assert cli.main(["compile", str(model), "-o", str(to), *words]) == 2
    assert sentence in capfd.readouterr().err.replace("\n", " ")
    assert not to.exists()


def test_another_units_folder_is_not_written_to(model, tmp_path, capfd):
    to = tmp_path / "out"
    to.mkdir()
    (to / "other.json").write_text("{}")
    assert cli.main(["compile", str(model), "-o", str(to)]) == 2
    assert "must hold one unit" in capfd.readouterr().err.replace("\n", " ")
    assert os.listdir(to) == ["other.json"]


def test_a_budget_folds_the_network(model, tmp_path, capfd):
    """More room, fewer cycles; what was asked for is kept."""
    found = []
    for lut in ("3000", "20000"):
        words = ["compile", str(model), "-o", str(tmp_path / lut), "--steps", "3", "--lut", lut, "--json"]
        assert cli.main(words) == 0
        found.append(json.loads(capfd.readouterr().out)["cycles_per_frame"])
        assert used(SnnConfig.from_toml(tmp_path / lut / "network.toml"), "lut")["lut"] <= int(lut)
    assert found[1] < found[0]
    words = ["compile", str(model), "-o", str(tmp_path / "rate"), "--steps", "3", "--frames-per-second", "1000",
             "--clock", "2e6", "--json"]  # fmt: skip
    assert cli.main(words) == 0
    assert json.loads(capfd.readouterr().out)["cycles_per_frame"] <= 2000
