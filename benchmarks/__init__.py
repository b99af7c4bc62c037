"""Figures of this machine: `python -m benchmarks`."""
