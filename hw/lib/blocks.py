"""The multiplier blocks of devices, as a table that loads nothing else."""

# Unsigned operand widths of each block: one bit less than the signed ports of the vendors' multipliers where those are
# signed. Sources: UG579 (DSP48E2, 27x18 signed), AM004 (DSP58, 27x24 signed), FPGA-TN-02205 (ECP5 MULT18X18D),
# FPGA-TN-02007 (iCE40 SB_MAC16).
BLOCKS = {"dsp48e2": (26, 17), "dsp58": (26, 23), "mult18x18": (18, 18), "sb_mac16": (16, 16)}
"""Block to the unsigned operand widths of its two ports, in bits."""
