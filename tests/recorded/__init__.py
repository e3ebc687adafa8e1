"""The makers of the recordings in `statsd_corpora/traffic`: `make corpora`."""
