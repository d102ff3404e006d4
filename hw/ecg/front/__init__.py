"""The way from samples to rows of counts: a part a file, joined in :mod:`~nervure.hw.ecg.front.circuit`."""
