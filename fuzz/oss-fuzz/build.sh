#!/bin/bash
# Builds the fuzz targets in the image of OSS-Fuzz or ClusterFuzzLite: of each target $OUT gets the program, and beside it
# NAME_seed_corpus.zip, NAME.dict and NAME.options.
#     build.sh [NAME…]    all targets without a name
set -eu
cd "$SRC/statsd-conformance"

pip3 install .

if [ $# = 0 ]; then
    for file in fuzz/statsd_fuzz/*.py; do
        if grep -q 'fuzz(check, SEEDS' "$file"; then
            set -- "$@" "$(basename -s .py "$file")"
        fi
    done
fi

for name in "$@"; do
    # Profiles and tables that are read at run time, PyInstaller does not see.
    compile_python_fuzzer "fuzz/statsd_fuzz/$name.py" --collect-data statsd_reference --collect-data statsd_conformance
    python3 fuzz/oss-fuzz/beside.py "$name" "$OUT"
done
