"""Heartbeat classifiers: from an electrocardiogram's samples to classes."""
