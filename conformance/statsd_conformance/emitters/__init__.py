"""Emitters: what sends StatsD lines, watched from outside."""
