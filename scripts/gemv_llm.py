"""Prints what the linear layers of public language models take on matrix-vector engines, by the exact cycle model.

``python scripts/gemv_llm.py [PRESET ...] [--units N] [--clock MHZ] [--simulate]``; with ``--simulate`` also what a
simulation of a whole tile of each layer took, in each mode.
"""

from argparse import ArgumentParser

from nervure.generators.mac.gemv import PRESETS, table
from nervure.hw.mac.config.gemv import GemvConfig

parser = ArgumentParser(description=__doc__)
parser.add_argument("presets", nargs="*", default=["four_modes"], metavar="PRESET", help=f"of {', '.join(PRESETS)}")
parser.add_argument("--units", type=int, default=64, help="multipliers (simulated: those of the preset)")
parser.add_argument("--clock", type=float, default=300.0, help="MHz")
parser.add_argument("--simulate", action="store_true", help="simulate a whole tile of each layer")
options = parser.parse_args()
print(table([GemvConfig(**{**PRESETS[name], "units": options.units}) for name in options.presets], options.clock))
if options.simulate:
    from nervure.generators.mac.gemv_trial import tiles

    for config in (GemvConfig(**PRESETS[name]) for name in options.presets):
        for mode in range(len(config.modes)):
            for line in tiles(config, mode):
                print(line, flush=True)
