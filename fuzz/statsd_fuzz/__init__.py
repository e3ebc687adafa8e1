"""Generated StatsD traffic: the strategies that property tests draw from."""
