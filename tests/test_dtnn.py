"""Dendrite branches: the golden model is the equation and torch's Linear, the circuit is the golden model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from nervure.generators.activation.dtnn import PRESETS, derive, shipped, wish
from nervure.generators.emit import emit
from nervure.generators.importers.linear import import_linear
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.generators.verify import verify
from nervure.golden.activation.dtnn import dtnn
from nervure.hw.activation.config.dtnn import DtnnConfig
from nervure.hw.config import ConfigError
from nervure.verif.activation import dtnn as bench
from nervure.verif.batch import BatchModel


def linear(inputs: int, outputs: int, seed: int = 0, limit: int = 7) -> torch.nn.Linear:
    """A layer of small integer weights."""
    generator = torch.Generator().manual_seed(seed)
    layer = torch.nn.Linear(inputs, outputs)
    layer.weight.data = torch.randint(-limit, limit + 1, (outputs, inputs), generator=generator).float()
    layer.bias.data = torch.randint(-9, 10, (outputs,), generator=generator).float()
    return layer


def imported(inputs, outputs, bits, group, seed=0, join="adders", middle=4, fan=2, **options) -> DtnnConfig:
    fields, _ = import_linear(linear(inputs, outputs, seed), bits, group, join=join, middle=middle, fan=fan)
    return DtnnConfig(**fields, **options)


SHAPES = {
    "adders": imported(7, 3, 2, 3),
    "codes": imported(11, 5, 1, 6, output_bits=3, shift=1, registers=2),
    "one": imported(1, 1, 3, 1, seed=1, interface="bare"),
    "tables": imported(7, 3, 2, 2, join="tables", middle=3, fan=3),
    "tables_codes": imported(5, 2, 1, 2, join="tables", middle=6, registers=8, output_bits=4, reset="none"),
}


def by_hand(config: DtnnConfig, row: list[int]) -> list[int]:
    """The equations in plain integers."""
    sums = list(config.offsets)
    count = -(-config.inputs // config.group)
    codes = [[0] * count for _ in sums]
    for output, branch, *entries in config.branches:
        part = row[branch * config.group : (branch + 1) * config.group]
        entry = entries[sum(code * 2 ** (i * config.bits) for i, code in enumerate(part))]
        codes[output][branch] = entry
        if config.join == "adders":
            sums[output] += entry
    for output, number, *entries in config.joins:
        part = codes[output][number * config.fan : (number + 1) * config.fan]
        sums[output] += entries[sum(code * 2 ** (i * config.middle) for i, code in enumerate(part))]
    if config.output_bits is None:
        return sums
    return [min(2**config.output_bits - 1, max(0, s // 2**config.shift)) for s in sums]


@pytest.mark.parametrize("config", SHAPES.values(), ids=list(SHAPES))
def test_golden_is_the_equation(config):
    x = bench.stimulus(config, 300, 5)["x"].astype(np.int64)
    assert dtnn(config, torch.from_numpy(x)).tolist() == [by_hand(config, row) for row in x.tolist()]


@pytest.mark.parametrize("config", SHAPES.values(), ids=list(SHAPES))
def test_rtl_is_golden_under_stalls(config, tmp_path):
    vectors = bench.stimulus(config, 5000, 1)
    stalls = {} if config.interface == "bare" else {"stall_in": 0.2, "stall_out": 0.3}
    result = BatchModel(emit(config, tmp_path)).run(vectors, **stalls, seed=2)
    expected = bench.expect(config, vectors)
    np.testing.assert_array_equal(result.outputs["y"], expected["y"])
    hits = bench.coverage(config, vectors, expected)
    assert [feature for feature, count in hits.items() if not count] == []
    if not stalls:
        assert result.latency == config.latency == derive(config)["latency_cycles"]


def test_engines_of_the_library(tmp_path):
    verdict = verify(emit(SHAPES["codes"], tmp_path), bench, exhaustive=True)
    assert verdict.passed, verdict.to_dict()


@pytest.mark.parametrize(("join", "middle", "worst"), [("adders", 4, 0), ("tables", 8, 0), ("tables", 4, 9.0)])
def test_tables_of_a_linear_layer(join, middle, worst):
    """Exact for integer weights and wide enough codes; else within what the importer says."""
    layer = linear(10, 4, seed=3)
    fields, error = import_linear(layer, 2, 3, join=join, middle=middle, fan=1 if middle == 8 else 2)
    x = torch.randint(4, (500, 10), generator=torch.Generator().manual_seed(0))
    found = dtnn(DtnnConfig(**fields), x)
    distance = (found - layer(x.float()).detach()).abs().max().item()
    assert distance <= error <= worst if worst else distance == error == 0


def test_real_weights_are_rounded_once_a_branch():
    torch.manual_seed(0)
    layer = torch.nn.Linear(9, 5)
    fields, error = import_linear(layer, 3, 2, step=0.25, low=-1.0, scale=1 / 64)
    x = torch.randint(8, (500, 9))
    exact = layer.double()(x.double() * 0.25 - 1.0).detach() * 64
    distance = (dtnn(DtnnConfig(**fields), x) - exact).abs().max().item()
    assert 0 < distance <= error <= 0.5 * (5 + 1)


def test_the_shipped_layer():
    weights = shipped("digits")
    config = make_config(get_unit("dtnn"), "digits")
    x = torch.randint(4, (200, 64))
    wanted = x @ torch.tensor(weights["weights"]).T + torch.tensor(weights["bias"])
    assert (dtnn(config, x) == wanted).all()
    assert wish({"branches": ()}) == {"branches": ()} and config.module_name.startswith("dtnn_digits_adders_")
    for preset in PRESETS:
        assert derive(make_config(get_unit("dtnn"), preset))["latency_cycles"] >= 5


def test_a_file_holds_the_integers_until_a_setting_asks_for_others(tmp_path):
    config = make_config(get_unit("dtnn"), "digits")
    file = tmp_path / "dtnn.toml"
    file.write_text(config.to_toml())
    assert make_config(get_unit("dtnn"), file=file) == config
    assert len(make_config(get_unit("dtnn"), file=file, settings=["group=2"]).groups) == 32


GOOD = {"inputs": 3, "outputs": 1, "bits": 1, "group": 2, "offsets": (0,),
        "branches": ((0, 0, 1, 2, 3, 4), (0, 1, 0, 5))}  # fmt: skip
TWO = {**GOOD, "join": "tables", "middle": 3, "fan": 1, "joins": ((0, 0, *range(8)), (0, 1, *range(8)))}
ERRORS = [
    (GOOD, {"bits": 0}, "bits must be at least 1, not 0"),
    (GOOD, {"bits": 7}, "group must make addresses of at most 12 bits, not 2 * 7"),
    (GOOD, {"offsets": ()}, "offsets must be 1, one for each output, not 0"),
    (GOOD, {"shift": 2}, "shift requires output_bits, not shift=2 alone"),
    (GOOD, {"joins": ((0, 0, 1),)}, "joins requires join=tables, not adders"),
    (GOOD, {"branches": ((0, 2, 1, 2, 3, 4),)}, "branches must be of outputs 0 to 0 and tables 0 to 1, not (0, 2)"),
    (GOOD, {"branches": ((1, 0, 1, 2, 3, 4),)}, "branches must be of outputs 0 to 0 and tables 0 to 1, not (1, 0)"),
    (GOOD, {"branches": ((0, 1, 1, 2, 3, 4),)},
     "table 1 of output 0 in branches: entries must be 2, one for each address, not 4"),
    (GOOD, {"branches": ((0, 1, 1, 1 << 23),)},
     "table 1 of output 0 in branches: entries must be -8388608 to 8388607, not 8388608"),
    (GOOD, {"branches": ((0, 1, 1, 2), (0, 1, 1, 2))},
     "branches must be different, not twice table 1 of output 0 in branches"),
    (GOOD, {"branches": ()}, "branches must make an output that depends on an input, but none does"),
    (TWO, {"branches": ((0, 1, 1, 8),)}, "table 1 of output 0 in branches: entries must be 0 to 7, not 8"),
    (TWO, {"joins": ((0, 0, 1, 2),)}, "table 0 of output 0 in joins: entries must be 8, one for each address, not 2"),
    (TWO, {"fan": 5}, "fan must make addresses of at most 12 bits, not 5 * 3"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "fields", "sentence"), ERRORS, ids=[sentence[:40] for *_, sentence in ERRORS])
def test_bad_configs_are_refused_in_one_sentence(good, fields, sentence):
    DtnnConfig(**good)
    with pytest.raises(ConfigError) as raised:
        DtnnConfig(**{**good, **fields})
    assert str(raised.value) == sentence


@dataclass
class Fake:
    weight: torch.Tensor
    bias: torch.Tensor | None = None


@pytest.mark.parametrize(("layer", "options", "sentence"), [
    (Fake(torch.ones(3)), {}, "weight must be of shape (outputs, inputs), not (3,)"),
    (Fake(torch.ones(2, 3), torch.ones(3)), {}, "bias must be of shape (2,), not (3,)"),
    (Fake(torch.full((2, 3), torch.nan)), {}, "weight must be finite, not nan"),
    (Fake(torch.ones(2, 3)), {"bits": 0}, "bits must be at least 1, not 0"),
    (Fake(torch.ones(2, 3)), {"group": 7}, "addresses must have at most 12 bits, not 14"),
    (Fake(torch.ones(2, 3)), {"scale": 0.0}, "scale must be a positive number, not 0.0"),
    (Fake(torch.ones(2, 3)), {"scale": 1e-9},
     "entries must have at most 24 bits, not 9000000000; a larger scale makes them smaller"),
], ids=lambda value: value[:30] if isinstance(value, str) else "")  # fmt: skip
def test_bad_layers_are_refused_in_one_sentence(layer, options, sentence):
    with pytest.raises(ConfigError) as raised:
        import_linear(layer, **{"bits": 2, "group": 3, **options})
    assert str(raised.value) == sentence


def test_an_unknown_layer_or_other_bits_are_refused():
    for setting, sentence in (("network=digit", "unknown network 'digit'; did you mean digits?"),
                              ("bits=3", "bits must be 2 for network=digits, not 3"),
                              ("outputs=3", "outputs requires branches: a layer is named, or given as a whole"),
                              ("join=x", "join must be adders or tables, not 'x'")):  # fmt: skip
        with pytest.raises(ConfigError) as raised:
            make_config(get_unit("dtnn"), settings=[setting])
        assert str(raised.value) == sentence
