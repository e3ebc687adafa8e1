"""The build of the fuzz targets for OSS-Fuzz and ClusterFuzzLite, with stand-ins for what their images bring."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from statsd_corpora import dictionary, seeds
from statsd_fuzz.corpus.fewer import targets

ROOT = Path(__file__).parents[1]
# What the image's script does, but for the sanitizer, which it has loaded before the program: here there is none.
# Stripped, for atheris is 60 MB of symbols that take ten seconds to compress.
COMPILE = """\
#!/bin/bash -eu
name=$(basename -s .py "$1")
path=$1
shift
"{python}" -m PyInstaller --log-level ERROR --strip --distpath "$OUT" --workpath "$SRC/work" --specpath "$SRC/work" \\
    --onefile --name "$name.pkg" "$@" "$PWD/$path"
printf '#!/bin/sh\\nexec "$(dirname "$0")/%s.pkg" "$@"\\n' "$name" >"$OUT/$name"
chmod +x "$OUT/$name"
"""
NOTE = """\
#!/bin/bash -eu
printf '%s\\n' "$(basename "$0") $*" >>"$SRC/called"
"""
PYTHON = """\
#!/bin/bash -eu
exec "{python}" "$@"
"""


def build(folder: Path, compile_python_fuzzer: str, *names: str, script: str = ".clusterfuzzlite/build.sh") -> Path:
    """Run the script in folders as those of an image, and return the one that the targets go to."""
    for one in ("bin", "out"):
        (folder / one).mkdir()
    (folder / "statsd-conformance").symlink_to(ROOT)
    for name, text in (("compile_python_fuzzer", compile_python_fuzzer), ("pip3", NOTE), ("python3", PYTHON)):
        (folder / "bin" / name).write_text(text.replace("{python}", sys.executable))
        (folder / "bin" / name).chmod(0o755)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "SRC": str(folder), "OUT": str(folder / "out")}
    environment["PYINSTALLER_CONFIG_DIR"] = str(folder / "cache")
    command = ["bash", str(ROOT / script), *names]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.mark.parametrize("script", [".clusterfuzzlite/build.sh", "fuzz/oss-fuzz/build.sh"])
def test_every_target_is_compiled_and_has_seeds_dictionary_and_options(script: str, tmp_path: Path) -> None:
    # Each target takes a second to import, in a process of its own; two stand for all here.
    named = ["split_anywhere", "ask_the_console"] if script.startswith("fuzz") else []
    out = build(tmp_path, NOTE, *named, script=script)
    called = [line.split() for line in (tmp_path / "called").read_text().splitlines()]
    assert called[0] == ["pip3", "install", "."]
    assert sorted(line[1] for line in called[1:]) == sorted(
        f"fuzz/statsd_fuzz/{name}.py" for name in named or targets()
    )
    kinds = ("{}.dict", "{}.options", "{}_seed_corpus.zip")
    assert {path.name for path in out.iterdir()} == {kind.format(name) for kind in kinds for name in named or targets()}


def test_seeds_are_those_of_the_target_without_loss(tmp_path: Path) -> None:
    out = build(tmp_path, NOTE, "parse_datagram")
    with ZipFile(out / "parse_datagram_seed_corpus.zip") as archive:
        packed = {archive.read(name) for name in archive.namelist()}
        assert len(packed) == len(archive.namelist())
    assert packed == {data for name in ("datagrams", "lines/good", "lines/bad") for data in seeds(name).values()}
    assert (out / "parse_datagram.dict").read_bytes() == dictionary()
    assert (out / "parse_datagram.options").read_text().startswith("[libfuzzer]\n")


# Eight seconds, nearly all of PyInstaller: that a target becomes a program which runs by itself shows in no other way.
# This target reads data at run time, so that it also shows that these are in the program.
def test_a_target_becomes_a_program_of_one_file_that_runs_over_its_seeds(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="Atheris is not installed: pip install 'statsd-conformance[fuzz]'")
    pytest.importorskip("PyInstaller", reason="PyInstaller is not installed: pip install pyinstaller")
    out = build(tmp_path, COMPILE, "emit_within_limits")
    with ZipFile(out / "emit_within_limits_seed_corpus.zip") as archive:
        archive.extractall(tmp_path / "corpus")
    alone = tmp_path / "alone"
    alone.mkdir()
    command = [
        str(one)
        for one in (
            out / "emit_within_limits",
            f"-dict={out / 'emit_within_limits.dict'}",
            "-runs=100",
            tmp_path / "corpus",
        )
    ]
    # As where it runs later: no Python, no package, no checkout.
    environment = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=alone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "INFO: Instrumenting statsd_reference.emitter.batch" in done.stderr
    assert "Dictionary: " in done.stderr
    assert "DONE" in done.stderr
    assert not any(alone.iterdir())
