"""The classifier core whose network is loaded: several in turn equal the golden model, and what is no network."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from nervure.generators.ecg import NETWORKS, config_of, fitted, read_words, shipped
from nervure.generators.ecg.stream import wish
from nervure.generators.emit import emit
from nervure.generators.verify import verify
from nervure.hw.config import ConfigError
from nervure.hw.ecg.config import EcgConfig
from nervure.hw.ecg.config.stream import EcgStreamConfig
from nervure.hw.ecg.config.tables import REGISTERS, load_words, most_cycles, room, word_pieces
from nervure.verif import ecg as bench
from nervure.verif.batch import BatchModel

from .test_ecg import drawn

SHAPES = {
    "bitmap": {"widths": (70, 3, 7), "pes": 3, "coding": "bitmap", "steps": 11},
    "spikes": {"neuron": "if", "pes": 2, "coding": "runs", "steps": 11},
}


def played(core: EcgConfig, model: BatchModel) -> None:
    """Networks one after the other, with and without stalls: answers are the golden model's, all features are hit."""
    for seed, (stall_in, stall_out) in enumerate(((0.0, 0.0), (0.9, 0.0), (0.0, 0.98), (0.5, 0.9))):
        vectors = bench.stimulus(core, 1500, seed=seed)
        ready = core.interface == "stream"
        result = model.run(vectors, ends=bench.ends(core, vectors), stall_in=stall_in, stall_out=ready * stall_out)
        for key, codes in bench.expect(core, vectors).items():
            np.testing.assert_array_equal(result.outputs[key], codes)
        hits = bench.coverage(core, vectors, result.outputs)
        assert set(hits) == set(bench.features(core)) and 0 not in hits.values()


def hammered(core: EcgConfig, model: BatchModel) -> None:
    """Words that are no network: every beat still has an answer."""
    rng, fits, (pieces, width) = np.random.default_rng(3), room(core), word_pieces(core)
    for _ in range(20):
        words = [(int(rng.integers(0, 1 << fits.address_bits)), int.from_bytes(rng.bytes(20)) >> (160 - pieces * width))
                 for _ in range(300)]  # fmt: skip
        words.append((fits.address(REGISTERS, 0, 0), int(rng.integers(1, core.num_layers + 1))))
        vectors = sent(core, words, rng.integers(0, core.steps + 1, (5, core.widths[0])))
        assert len(model.run(vectors, ends=bench.ends(core, vectors)).outputs["label"]) == 5


@pytest.mark.parametrize("shape", SHAPES)
def test_networks_in_turn_are_the_golden_model_and_any_words_leave_nothing_hanging(shape, tmp_path):
    core = drawn(len(shape), storage="loaded", **SHAPES[shape])
    model = BatchModel(emit(core, tmp_path))
    played(core, model)
    hammered(core, model)


def sent(core: EcgConfig, words: list[tuple[int, int]], beats: np.ndarray) -> dict[str, np.ndarray]:
    """Words, then beats."""
    pieces, width = word_pieces(core)
    count, rest = len(words), len(beats)
    cut = [[text >> (k * width) & ((1 << width) - 1) for k in range(pieces)] for _, text in words]
    n = np.zeros((count + rest, core.widths[0]), np.uint64)
    n[count:, : beats.shape[1]] = beats
    return {
        "n": n, "load": np.array([1] * count + [0] * rest, np.uint64),
        "address": np.array([address for address, _ in words] + [0] * rest, np.uint64),
        "word": np.array(cut + [[0] * pieces] * rest, np.uint64).reshape(-1, pieces),
    }  # fmt: skip


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    return emit(config_of(storage="loaded"), tmp_path_factory.mktemp("core"))


def test_shipped_networks_one_after_the_other(core):
    """Answers of a constant network's golden model, for the core's own and for a smaller one at the core's T."""
    config = bench.config_of(core)
    nets = [fitted(config, {**shipped(name).fields, "steps": config.steps}) for name in ("rr12k", "rr4k", "rr12k")]
    counts = [bench.stimulus(net, 40, seed)["n"] for seed, net in enumerate(nets)]
    parts = [sent(config, load_words(config, net), n) for net, n in zip(nets, counts, strict=True)]
    vectors = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    result = BatchModel(core).run(vectors, ends=bench.ends(config, vectors), stall_in=0.3, stall_out=0.3)
    wanted = [bench.expect(net, {"n": n}) for net, n in zip(nets, counts, strict=True)]
    for key, codes in result.outputs.items():
        np.testing.assert_array_equal(codes, np.concatenate([part[key] for part in wanted]))


def test_the_manifest_says_the_map(core):
    manifest, config = core.manifest, bench.config_of(core)
    fits = room(config)
    assert manifest["latency_cycles"] is None and manifest["drain_cycles"] == most_cycles(config)
    said = manifest["load_map"]
    assert sum(said["address"].values()) == fits.address_bits == 14
    assert said["weights"] == {"depth": fits.weights, "fields": {"weight": 4}}
    assert list(said["neurons"]["fields"]) == ["start", "target", "theta", "end"]
    words = read_words(config, networks_file("rr12k"))
    assert words == load_words(config, config_of()) and words[0] == (0, 0) and words[-1] == (0, 3)
    assert len(words) == 2 + 4 + sum(config.widths[1:]) + sum(config.all_weights)


def networks_file(name: str):
    """The file of a shipped network."""
    return NETWORKS.path(name)


def test_engines_of_the_library_and_too_many_layers(tmp_path):
    artifact = emit(drawn(5, widths=(4, 3, 2), storage="loaded", pes=2), tmp_path)
    verdict = verify(artifact, bench, vectors=500, seed=2)
    assert verdict.passed, verdict.to_dict()
    assert verdict.checks[1].to_dict()["tests"] == ["back_to_back", "random_stalls", "reset_in_midstream"]
    core = bench.config_of(artifact)
    words = [*load_words(core, core)[:-1], (0, core.num_layers + 1)]
    vectors = sent(core, words, np.full((3, 4), core.steps))
    outputs = BatchModel(artifact).run(vectors, ends=bench.ends(core, vectors)).outputs
    assert not outputs["label"].any() and not outputs["confidence"].any()


@pytest.mark.parametrize(("change", "sentence"), [
    ({"steps": 7}, "steps of a loaded network must be the core's 15, not 7"),
    ({"accumulator": 14}, "accumulator of a loaded network must be the core's 16, not 14"),
    ({"widths": (7, 5, 4, 4, 3)}, "layers of a loaded network must be at most 3, not 4"),
    ({"widths": (8, 2, 3)}, "inputs of a loaded network must be at most 7, not 8"),
    ({"widths": (7, 2, 4)}, "classes of a loaded network must be at most 3, not 4"),
    ({"widths": (2, 6, 3)}, "neurons of a hidden layer of a loaded network must be at most 5, not 6"),
    ({"widths": (7, 5, 5, 3)}, "weights of an element of a loaded network must be at most 39, not 46"),
    ({"bits": 8}, "weights of a loaded network must be -8 to 7 for this core, not"),
    ({"biases": [[0] * 5, [0] * 4, [0, 0, 2200]], "bias_bits": 16},
     "biases of a loaded network must be -2184 to 2184 for this core, not 2200"),
    ({"thetas": [[5000] * 5, [9] * 4], "theta_bits": 16},
     "thetas of a loaded network must be 1 to 4095 for this core, not 5000"),
])  # fmt: skip
def test_a_network_that_does_not_fit_is_refused(change, sentence):
    core = drawn(1, storage="loaded", pes=2)
    with pytest.raises(ConfigError, match="^" + re.escape(sentence)):
        load_words(core, drawn(1, **{"pes": 2, **change}))


def test_a_file_of_the_wrong_shape_or_range_is_refused(tmp_path):
    core = config_of(storage="loaded")
    found = json.loads(networks_file("rr12k").read_text())
    for change, sentence in (
        ({"weights": found["weights"][:1]}, "weights must be 3 for 3 layers, not 1"),
        ({"thetas": [[0] * 48, found["thetas"][1]]}, "thetas of layer 0 must be integers from 1 to "),
    ):
        (tmp_path / "net.json").write_text(json.dumps({**found, **change}))
        with pytest.raises(ConfigError, match=re.escape(sentence)):
            read_words(core, tmp_path / "net.json")


def test_words_are_for_loaded_cores():
    with pytest.raises(ConfigError, match=r"^storage must be loaded for a core that takes words, not constants$"):
        load_words(drawn(1), drawn(1))
    with pytest.raises(ConfigError, match="storage must be constants where a front end feeds the core, not loaded"):
        EcgStreamConfig(**wish({"network": "rr12k", "storage": "loaded"}))
