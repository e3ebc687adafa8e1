"""Runs a target under Atheris: the one module that knows it.

    python -m statsd_fuzz.parse_datagram [FOLDER] [-libfuzzer_option=…]

libFuzzer writes what covers something new into FOLDER, by default `.fuzz/` and the name; what fails goes there,
too. The seeds of the target are read beside it, the dictionary of StatsD's tokens is on, and so is the hook that tells
libFuzzer what a regular expression wants. Where files are tried again or folders merged, nothing is added to them; nor
where the target is a program of one file, as OSS-Fuzz has them, for there corpus and dictionary lie beside it.
"""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Any, Final, NoReturn

Check = Callable[[bytes], None]
# Makes an input of at most so many bytes from dice.
Generate = Callable[[Random, int], bytes]

# What is watched while a target runs: its guidance is the code that it tries, not its own.
PACKAGES: Final = ("statsd_reference", "statsd_conformance")
# Most faults of a text protocol show in a few lines, and short inputs are tried many more times.
LONGEST: Final = 128
MISSING: Final = "Atheris is not installed: pip install 'statsd-conformance[fuzz]' (Linux; Python 3.11 to 3.13)"


def instrumented(name: str, packages: Sequence[str] = PACKAGES) -> AbstractContextManager[object]:
    """Return a context in which what is imported from `packages` guides the search; nothing where `name` is no script.

    A target gives its `__name__`, so that importing it, as tests do, needs no Atheris.
    """
    if name != "__main__":
        return nullcontext()
    atheris = _atheris()
    _hook_regular_expressions(atheris)
    # It says on standard error what it imports, a line a module.
    return atheris.instrument_imports(include=list(packages))  # type: ignore[no-any-return]  # Atheris has no types


def fuzz(check: Check, seeds: Sequence[str] = (), longest: int = LONGEST) -> NoReturn:
    """Search for bytes for which `check` raises, until told to stop; the command line is libFuzzer's.

    Args:
        check: the target.
        seeds: names of corpora to start from.
        longest: bytes of an input, unless the command line says -max_len.
    """
    name = Path(check.__code__.co_filename).stem
    given = sys.argv[1:]
    with ExitStack() as held:
        if _is_all_given(given):
            # A limit would cut these inputs off.
            _hand_over(check, given)
        else:
            search(check, given, [str(path) for path in corpora_of(seeds, held)], Path(".fuzz", name), longest, held)
    raise SystemExit(0)


def _is_all_given(given: Sequence[str]) -> bool:
    """Tell whether the command line has all the inputs: for a merge, to try files again, or from OSS-Fuzz."""
    # The processes of a merge have other options than the one that starts them; all of these have the word in them.
    merges = any("merge" in one.partition("=")[0] for one in given if one.startswith("-"))
    return merges or getattr(sys, "frozen", False) or any(Path(one).is_file() for one in given)


def search(
    check: Check, given: Sequence[str], corpora: Sequence[str], scratch: Path, longest: int, held: ExitStack,
    generate: Generate | None = None,
) -> None:  # fmt: skip
    """Hand over to libFuzzer, which ends the process.

    Args:
        check: is called with each input.
        given: options of libFuzzer, and the folder for what covers something new.
        corpora: folders to start from.
        scratch: that folder, where none is given.
        longest: bytes of an input, unless an option says so.
        held: holds what has to stay meanwhile.
        generate: makes a new input from dice; every fourth one is its.
    """
    options = [one for one in given if one.startswith("-")]
    folders = [one for one in given if not one.startswith("-")]
    if not folders:
        scratch.mkdir(parents=True, exist_ok=True)
        folders = [str(scratch)]
    defaults = [f"-dict={_dictionary(held)}", f"-max_len={longest}", f"-artifact_prefix={folders[0]}/"]

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        if generate and seed % 4 == 0:
            return generate(Random(seed), max_size)
        return bytes(_atheris().Mutate(data, max_size))

    hooks = {"custom_mutator": mutate} if generate else {}
    _hand_over(check, [*defaults, *options, *folders, *corpora], **hooks)


def _hand_over(check: Check, arguments: Sequence[str], **hooks: Callable[[bytes, int, int], bytes]) -> None:
    atheris = _atheris()
    atheris.Setup([_program(), *arguments], check, **hooks)
    atheris.Fuzz()


def _program() -> str:
    """Return what starts this program again in a shell, as libFuzzer does for a merge."""
    module = sys.modules["__main__"].__spec__
    if getattr(sys, "frozen", False) or module is None:
        return shlex.quote(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m {module.name}"


def _atheris() -> Any:
    try:
        import atheris
    except ImportError:
        sys.exit(MISSING)
    return atheris


def corpora_of(names: Sequence[str], held: ExitStack) -> Iterator[Path]:
    """Yield the folders of corpora, which last as long as `held` does."""
    for name in names:
        yield held.enter_context(as_file(files("statsd_corpora").joinpath(*name.split("/"))))


def _dictionary(held: ExitStack) -> Path:
    return held.enter_context(as_file(files("statsd_corpora") / "statsd.dict"))


def _hook_regular_expressions(atheris: Any) -> None:
    """Let libFuzzer see what a regular expression asks for.

    Atheris 3.0 raises on some patterns of bytes, which then stay without a hint, and what it puts in the place of a
    pattern takes no place to start from.
    """
    hooks = atheris.function_hooks
    generate = hooks.gen_match

    def generate_if_it_can(pattern: Any) -> Any:
        try:
            return generate(pattern)
        except Exception:
            return pattern[:0]

    hooks.gen_match = generate_if_it_can
    for method in ("search", "match", "fullmatch", "findall", "finditer"):
        setattr(hooks.AtherisPatternProxy, method, _traced(atheris, method))
    atheris.enabled_hooks.add("RegEx")


def _traced(atheris: Any, method: str) -> Callable[..., Any]:
    def call(self: Any, *arguments: Any) -> Any:
        if self.generated:
            atheris._trace_regex_match(self.generated, self.re_obj)
        return getattr(self.re_obj, method)(*arguments)

    return call
