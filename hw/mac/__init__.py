"""XtraMAC mixed-precision multiply-accumulate units."""
