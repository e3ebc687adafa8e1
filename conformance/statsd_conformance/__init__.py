"""Checks any StatsD aggregator from outside, over the network, requirement by requirement."""

__version__ = "0.1.0"
