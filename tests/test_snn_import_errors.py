"""Models that cannot be imported: one sentence each, nothing written, no code run, no file followed."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest
import torch
from nervure.generators.importers.compile import compile_model, import_model
from nervure.generators.importers.modules import from_modules
from nervure.generators.importers.names import Names
from nervure.generators.importers.nir import from_nir
from nervure.generators.importers.quantise import quantise
from nervure.golden.snn.real import RealLayer, RealNetwork
from nervure.hw.config import _IDENTIFIER, ConfigError
from torch import nn

from .nir_graphs import chain, lif, spiking_if

warnings.filterwarnings("ignore", category=DeprecationWarning)
import nir  # noqa: E402

BAD = [
    (lambda: chain(nir.Linear(np.eye(3)), nir.Scale(np.ones(3)), shape=(3,)),
     "node 1 (Scale) is not supported, as no layer computes it; nearest: Affine or Conv2d with the scale in its "
     "weights"),
    (lambda: chain(nir.Linear(np.eye(3)), nir.LI(np.ones(3), np.ones(3), np.ones(3)), shape=(3,)),
     "node 1 (LI) is not supported, as no layer computes it; nearest: LIF, or an Affine that nothing follows"),
    (lambda: chain(nir.Conv2d((8, 8), np.zeros((1, 1, 3, 3)), 1, 0, 2, 1, np.zeros(1)), shape=(1, 8, 8)),
     "node 0 (Conv2d) must have dilation 1, not [2, 2]"),
    (lambda: chain(nir.Linear(np.array([[1.0, np.nan]])), shape=(2,)), "weight of node 0 must be finite, not nan"),
    (lambda: chain(nir.Linear(np.eye(3)), spiking_if(3, theta=0), shape=(3,)),
     "v_threshold of node 1 must be more than 0, not 0.0"),
    (lambda: chain(nir.Linear(np.eye(3)), lif(3, tau=1e-5), shape=(3,)),
     "dt must be at most tau of node 1, 1e-05 s, not 0.0001 s"),
    (lambda: chain(nir.Linear(np.eye(3)), lif(3, tau=np.array([0.1, 0.2, 0.3])), shape=(3,)),
     "beta of layer linear_0 must be one number for all its neurons, not 0.999 to 0.999667; nearest: neurons in layers "
     "of their own"),
    (lambda: chain(nir.Linear(np.eye(3)), nir.Linear(np.zeros((2, 4))), shape=(3,)),
     "layer linear_1 (dense) must take shape (4,), but linear_0 gives shape (3,)"),
]  # fmt: skip


@pytest.mark.parametrize("make, sentence", BAD, ids=range(len(BAD)))
def test_what_is_not_supported_is_one_sentence_and_nothing_is_written(make, sentence, tmp_path):
    path = tmp_path / "model.nir"
    try:
        nir.write(path, make())
        with pytest.raises(ConfigError) as caught:
            compile_model(path, tmp_path / "out")
    except (TypeError, AttributeError, ValueError):
        # The package writes some of them wrongly; the graph itself says the same.
        with pytest.raises(ConfigError) as caught:
            quantise(from_nir(make()))
    assert str(caught.value) == sentence
    assert not (tmp_path / "out").exists()


def test_cycles_that_are_no_recurrent_edge_are_refused():
    nodes = {"i": nir.Input({"input": np.array([2])}), "a": nir.Linear(np.eye(2)), "n": spiking_if(2),
             "b": nir.Linear(np.eye(2)), "m": spiking_if(2), "o": nir.Output({"output": np.array([2])})}  # fmt: skip
    edges = [("i", "a"), ("a", "n"), ("n", "b"), ("b", "m"), ("m", "a"), ("m", "o")]
    with pytest.raises(ConfigError, match="graph must have no cycle but an Affine or Linear from neurons back to "
                                          "themselves, not through a, b, m, n"):  # fmt: skip
        from_nir(nir.NIRGraph(nodes, edges, type_check=False))
    with pytest.raises(ConfigError, match="edge i to x must join nodes of the graph, not x"):
        from_nir(nir.NIRGraph({k: nodes[k] for k in "iano"}, [("i", "x")], type_check=False))
    with pytest.raises(ConfigError, match=r"node b \(Linear\) must lead to the output"):
        from_nir(nir.NIRGraph({k: nodes[k] for k in "ianbo"}, [("i", "a"), ("a", "n"), ("n", "b"), ("n", "o")],
                              type_check=False))  # fmt: skip


class Harm:
    """What a hostile file would run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def test_files_are_not_trusted(tmp_path):
    import h5py

    torch.save({"nervure": 1, "layers": [Harm(tmp_path / "harm")]}, tmp_path / "a.pt")
    with pytest.raises(ConfigError, match=r"model file must be tensors, numbers and words by torch\.save"):
        import_model(tmp_path / "a.pt")
    assert not (tmp_path / "harm").exists()
    torch.save(nn.Linear(2, 3).state_dict(), tmp_path / "b.pt")
    with pytest.raises(ConfigError, match=r"model file must hold portable\(from_modules\(model\)\), not weights"):
        import_model(tmp_path / "b.pt")
    (tmp_path / "c.nir").write_bytes(b"no graph")
    with pytest.raises(ConfigError, match="model file must be a NIR graph"):
        import_model(tmp_path / "c.nir")
    with h5py.File(tmp_path / "d.nir", "w") as file:
        file.create_dataset("huge", shape=(1 << 40,), chunks=(1 << 20,), dtype="f8")
    with pytest.raises(ConfigError, match="model must have at most 33554432 numbers in 16384 fields, not more"):
        import_model(tmp_path / "d.nir")
    with h5py.File(tmp_path / "e.nir", "w") as file:
        file["node"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(ConfigError, match="model file must hold what it names, not link to it: 'node'"):
        import_model(tmp_path / "e.nir")
    for name, sentence in (("none.nir", "model file must be there"), ("f.onnx", "model file must end in .nir")):
        with pytest.raises(ConfigError, match=sentence):
            import_model(tmp_path / name)
    with pytest.raises(ConfigError, match=r"unknown semantics 'sinab'; did you mean sinabs\?"):
        from_nir(chain(nir.Linear(np.eye(1)), spiking_if(1), shape=(1,)), "sinab")


def test_modules_that_are_not_supported():
    for model, sentence in [
        (nn.Sequential(nn.Linear(4, 4), nn.Tanh()),
         "module 1 (Tanh) is not supported, as no layer computes it; nearest: snntorch.Leaky"),
        (nn.Sequential(nn.ReLU()), "module 0 (ReLU) is not supported without numbers to scale it; nearest: QuantReLU "
                                   "by counts: pass calibration images"),
        (nn.TransformerEncoderLayer(4, 1),
         "module TransformerEncoderLayer (TransformerEncoderLayer) must be a Sequential, "
         "as the order of others' parts is not known; nearest: nn.Sequential"),
        (nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2)),
         "module 0 (Conv2d) must have dilation 1 and zero padding in numbers, not (2, 2), zeros and (0, 0)"),
        (nn.Sequential(nn.BatchNorm1d(3)),
         "module 0 (BatchNorm1d) must follow a Conv2d or Linear, into which it is folded"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError) as caught:
            from_modules(model, (4,))
        assert str(caught.value) == sentence


def test_names_become_identifiers():
    names = Names()
    given = ["0", "a.b", "a b", "module", "input", "", "é", "x" * 300, "a_b", "../.."]
    made = [names.of(name, "Conv2d") for name in given]
    assert made[:4] == ["conv2d_0", "a_b", "a_b_2", "conv2d_module"]
    assert len(set(made)) == len(made) and all(_IDENTIFIER.fullmatch(name) for name in made)


def test_sums_of_different_units_are_refused():
    weight = torch.eye(3, dtype=torch.float64) * 0.5
    rows = (RealLayer("a", "dense", ("input",), weight), RealLayer("s", "add", ("a", "input")))
    with pytest.raises(ConfigError, match=r"layer s \(add\) must take sources of one unit, but one of a stands for"):
        quantise(RealNetwork("n", (3,), rows))


def test_what_a_flatten_flattens():
    for start, shape, fine in ((0, (2, 3, 3), True), (1, None, True), (1, (2, 3, 3), False), (1, (1, 2, 3, 3), False)):
        node = nir.Flatten({"input": None if shape is None else np.array(shape)}, start, -1)
        graph = chain(node, nir.Linear(np.ones((2, 18))), shape=(2, 3, 3))
        if fine:
            assert quantise(from_nir(graph)).facts["flatten_0"].shape == (18,)
        else:
            with pytest.raises(ConfigError, match=r"node 0 \(Flatten\) must flatten all dimensions, not 1 to -1"):
                from_nir(graph)
