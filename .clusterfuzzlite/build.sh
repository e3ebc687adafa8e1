#!/bin/bash
# The targets are built as for OSS-Fuzz.
set -eu
exec bash "$SRC/statsd-conformance/fuzz/oss-fuzz/build.sh" "$@"
