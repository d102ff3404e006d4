"""Accuracy on the whole test set, through the Verilog, and cost of the shipped KANs, beside KANELE's MNIST network.

Usage: [NERVURE_DATA=FOLDER] python scripts/compare_kan.py [digits] [mnist]
"""

from __future__ import annotations

import sys

from nervure.generators.activation.kan_trial import table, trial

print(table([trial(name) for name in sys.argv[1:] or ["digits", "mnist"]]))
