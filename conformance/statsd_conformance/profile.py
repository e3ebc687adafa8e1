"""How a target spells what it publishes. A profile decides spelling and capabilities, never arithmetic."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

KINDS = ("counter", "rate", "gauge", "set", "timer")


class ProfileError(ValueError):
    """A profile that cannot be read; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the suite has to know of one configured target.

    Attributes:
        name: of the profile.
        paths: kind (see KINDS) to a template with `{bucket}`, for a timer also `{statistic}`; a leading `*` stands for
            any prefix. A kind without a template is not published.
        statistics: the original's name of a timer statistic to the target's; a missing one is not published.
        timer_unit_ms: what one published unit of a timer is in milliseconds: 1000 where the target prints seconds.
        types: the types of the wire that it reads.
        end: how a flush ends on the wire: "close" of its connection, or "marker", the line whose path ends in `marker`.
            Silence of `silence` seconds ends it, too.
        rounds: how many snapshots have to hold a fence before everything sent before it has come out.
        lag: seconds that output may come later than the interval says.
        errors: path of the count of rejected samples in a flush, or empty.
        extensions: dialects that it claims to read.
    """

    name: str
    paths: Mapping[str, str]
    statistics: Mapping[str, str] = field(default_factory=dict)
    timer_unit_ms: float = 1.0
    types: tuple[str, ...] = ("c", "g", "ms", "s")
    end: str = "silence"
    marker: str = ""
    silence: float = 0.15
    rounds: int = 1
    lag: float = 0.5
    errors: str = ""
    extensions: tuple[str, ...] = ()

    def path(self, kind: str, bucket: bytes, statistic: str = "") -> bytes | None:
        """Return the path of a bucket's value, perhaps with a leading `*`; None where it is not published."""
        template = self.paths.get(kind)
        if template is None or (kind == "timer" and statistic not in self.statistics):
            return None
        name, semicolon, tags = bucket.partition(b";")
        path = template.encode().replace(b"{bucket}", name)
        path = path.replace(b"{statistic}", self.statistics.get(statistic, "").encode())
        return path + semicolon + tags

    def all_paths(self, bucket: bytes) -> Iterator[tuple[str, str, bytes]]:
        """Yield kind, statistic and path of everything that a bucket may be published as."""
        for kind in self.paths:
            for statistic in self.statistics if kind == "timer" else ("",):
                path = self.path(kind, bucket, statistic)
                if path is not None:
                    yield kind, statistic, path


def same_path(wanted: bytes, path: bytes) -> bool:
    """Tell whether `path` is `wanted`, whose leading `*` stands for any prefix."""
    return path.endswith(wanted[1:]) if wanted.startswith(b"*") else path == wanted


def known_profiles() -> list[str]:
    """Return the names of the profiles that come with the suite."""
    folder = files("statsd_conformance") / "profiles"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_profile(name: str) -> Profile:
    """Return the profile of that name, or the one in the file of that name.

    Raises:
        ProfileError: there is no such profile or file, or it does not read as one.
    """
    if name in known_profiles():
        return read_profile((files("statsd_conformance") / "profiles" / f"{name}.toml").read_text(), name)
    path = Path(name)
    if not path.is_file():
        raise ProfileError(f"no profile {name!r}: neither a file nor one of {', '.join(known_profiles())}")
    return read_profile(path.read_text(encoding="utf-8"), name)


def read_profile(text: str, source: str) -> Profile:
    """Return the profile that TOML `text` spells; `source` is what an error calls it."""
    try:
        entries: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"profile {source}: {error}") from None
    known = {one.name for one in fields(Profile)}
    if unknown := sorted(set(entries) - known):
        raise ProfileError(f"profile {source}: unknown entry {unknown[0]!r}; it takes {', '.join(sorted(known))}")
    missing = [name for name in ("name", "paths") if name not in entries]
    if missing:
        raise ProfileError(f"profile {source}: no entry {missing[0]!r}")
    if unknown := sorted(set(entries["paths"]) - set(KINDS)):
        raise ProfileError(f"profile {source}: unknown kind {unknown[0]!r} in paths; it takes {', '.join(KINDS)}")
    if entries.get("end", "silence") not in ("close", "marker", "silence"):
        raise ProfileError(f"profile {source}: end is {entries['end']!r}, not 'close', 'marker' or 'silence'")
    for name in {"types", "extensions"} & set(entries):
        entries[name] = tuple(entries[name])
    return Profile(**entries)
