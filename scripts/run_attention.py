"""Runs the attention network on all test digits through emitted circuits: python scripts/run_attention.py [--stall P].

Softmax, norm and GELU are those of units on the network (noc_softmax, noc_norm, nova), every result of which must be
the golden model's; linear layers are the golden model's. Prints accuracies and cycles; exit code 1 if more than half a
point of accuracy is lost against floats.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import torch
from nervure.generators.noc.attention import configs as in_one_place
from nervure.generators.noc.attention import golden, real
from nervure.generators.noc.through import circuits, configs
from nervure.generators.train import attention

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stall", type=float, default=0.0, help="probability of a stall at each port in a cycle")
    given = parser.parse_args()
    shipped = attention.shipped()
    network, (_, _, images, labels) = attention.network(shipped), attention.images()
    pixels, found = (images * 16).round().to(torch.int64), configs(network)
    with tempfile.TemporaryDirectory() as folder:
        logits = network.logits(pixels, circuits(found, Path(folder), given.stall))
    wanted = network.logits(pixels, golden(in_one_place(network)))
    stored, share = shipped["trained"]["test_accuracy"], attention.accuracy(logits, labels)
    print(f"float network: {stored:.2%}; real functions between integer layers: "
          f"{attention.accuracy(network.logits(pixels, real()), labels):.2%}")  # fmt: skip
    print(f"through the circuits: {share:.2%} of {len(labels)} images; logits equal to the golden model's: "
          f"{'all' if torch.equal(logits, wanted) else 'not all'}")  # fmt: skip
    for label, count in found.counted.items():
        print(f"{label}: {count.beats:,} beats in {count.cycles:,} cycles: {count.formula}")
    sys.exit(not torch.equal(logits, wanted) or share < stored - 0.005)
