"""What is built and installed is the four packages and their data, nothing else, and it works.

Slow, because whole distributions are built and an environment is made; nothing is downloaded.
"""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
ROOTS = ("reference", "conformance", "fuzz", "corpora")
PACKAGES = ("statsd_reference", "statsd_conformance", "statsd_fuzz", "statsd_corpora")
# One process builds for all of them.
pytestmark = pytest.mark.xdist_group("packaging")
# With these, what was unpacked can be tested like a checkout.
NEEDED_TO_TEST = ("Makefile", ".ci/venv", "tests/conftest.py", "conformance/conftest.py", "LICENSE", "CONTRIBUTING.md")
Build = Callable[[str, Path], Path]


def run(*command: str | Path, **environment: str) -> str:
    """Run a command outside the checkout and return what it printed; what it complains about fails the test."""
    result = subprocess.run(
        list(map(str, command)),
        env=os.environ | environment,
        cwd=gettempdir(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def sources(checkout: Path) -> set[str]:
    """Return the files below the source roots by their path, without what Python compiled."""
    files = (path for root in ROOTS for path in (checkout / root).rglob("*") if path.is_file())
    return {str(path.relative_to(checkout)) for path in files if "__pycache__" not in path.parts}


def members(wheel: Path) -> set[str]:
    """Return the names of the files in a wheel, but for its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of what Git keeps, so that no build spoils the checkout or profits from what lies around there."""
    folder = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is not a Git checkout, so nobody knows which files belong to it")
    for name in listed.stdout.decode().split("\0"):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((CHECKOUT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Give a function that calls one hook of the build backend on a folder and returns the file that it made."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling, the build backend, is not installed: pip install hatchling")

    def call(hook: str, folder: Path) -> Path:
        output = tmp_path_factory.mktemp(hook)
        code = f"import os, hatchling.build as backend; os.chdir({str(folder)!r}); backend.{hook}({str(output)!r})"
        run(sys.executable, "-c", code)
        (made,) = output.iterdir()
        return made

    return call


@pytest.fixture(scope="module")
def wheel(build: Build, copy: Path) -> Path:
    """Give the wheel."""
    return build("build_wheel", copy)


def test_the_wheel_holds_the_four_packages_whole(wheel: Path, copy: Path) -> None:
    wanted = {name.split("/", 1)[1] for name in sources(copy) if name.split("/")[1] in PACKAGES}
    assert members(wheel) == wanted
    assert {name.split("/")[0] for name in members(wheel)} == set(PACKAGES)


@pytest.mark.parametrize(
    "name",
    [
        *(f"{package}/py.typed" for package in PACKAGES),
        "statsd_corpora/statsd.dict",
        "statsd_corpora/lines/good/counter",
        "statsd_conformance/profiles/statsd.toml",
    ],
)
def test_data_is_in_the_wheel(wheel: Path, name: str) -> None:
    assert name in members(wheel)


def test_the_licence_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]
        assert archive.read(licence) == (CHECKOUT / "LICENSE").read_bytes()


def test_a_wheel_made_from_the_source_distribution_is_the_same(
    build: Build, copy: Path, wheel: Path, tmp_path: Path
) -> None:
    # tarfile's filters came with 3.11.4 and are asked for from 3.12 on: tar itself serves every version.
    run("tar", "-xzf", build("build_sdist", copy), "-C", tmp_path)
    (unpacked,) = tmp_path.iterdir()
    assert members(build("build_wheel", unpacked)) == members(wheel)
    assert sources(unpacked) == sources(copy)
    assert [name for name in NEEDED_TO_TEST if not (unpacked / name).exists()] == []


def test_an_editable_install_leaves_nothing_in_the_checkout_and_is_four_paths(build: Build, copy: Path) -> None:
    before = sources(copy), set(copy.iterdir())
    editable = build("build_editable", copy)
    assert (sources(copy), set(copy.iterdir())) == before
    (paths,) = members(editable)
    with zipfile.ZipFile(editable) as archive:
        assert set(archive.read(paths).decode().split()) == {str(copy / root) for root in ROOTS}


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of programs of a new environment with the wheel in it."""
    if find_spec("ensurepip") is None:
        pytest.skip("this Python has no ensurepip, so no environment can be made without a download")
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
    return folder / "bin"


# The dependencies are those of the environment that runs the tests: downloading them again would prove nothing.
DEPENDENCIES = sysconfig.get_path("purelib")


def test_the_installed_command_says_its_version(scripts: Path, wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    assert version in run(scripts / "statsd-conformance", "--version", PYTHONPATH=DEPENDENCIES)


def test_the_installed_command_finds_its_own_cases(scripts: Path) -> None:
    # pytest-xdist is no dependency: without it nothing may be amiss.
    options = ("--collect-only", "-q", "-p", "no:xdist", "-W", "error")
    collected = run(scripts / "statsd-conformance", "run", *options, PYTHONPATH=DEPENDENCIES)
    assert "test_increments_of_one_interval_are_summed[reference]" in collected


def test_the_installed_corpora_hold_their_seeds(scripts: Path) -> None:
    code = "from statsd_corpora import seeds; print(seeds('lines/good')['counter'])"
    assert run(scripts / "python", "-c", code) == "b'gorets:1|c'\n"
