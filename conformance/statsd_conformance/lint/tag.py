"""Tags: in a section behind a type, as `|#k:v`, or in a name, as `N,k=v`, `N[k=v]`, `N#k=v` and `N;k=v`."""

from collections.abc import Iterator, Sequence

from statsd_conformance.lint.finding import Fault
from statsd_conformance.printable import escaped


def section_faults(section: bytes, offset: int) -> Iterator[Fault]:
    """Yield what is wrong with a section of DogStatsD, `k:v,k:v` without its `#`."""
    if not section:
        yield Fault("ETAG-06", "the section of tags is empty", offset)
        return
    yield from _tag_faults(section.split(b","), b":", offset, value_needed=False)


def name_tag_faults(section: bytes, mark: bytes, offset: int) -> Iterator[Fault]:
    """Yield what is wrong with the tags of a name, `k=v,k=v` without what begins and ends them."""
    separator = b";" if mark == b";" else b","
    yield from _tag_faults(section.split(separator), b"=", offset, value_needed=True)


def split_name(name: bytes, mark: bytes) -> tuple[bytes, bytes | None]:
    """Return a name without its tags, and these without what begins and ends them; None where there are none."""
    if not mark or mark not in name:
        return name, None
    bare, _, tags = name.partition(mark)
    if mark == b"[":
        return (bare, tags[:-1]) if tags.endswith(b"]") else (name, None)
    return bare, tags


def _tag_faults(tags: Sequence[bytes], equals: bytes, offset: int, *, value_needed: bool) -> Iterator[Fault]:
    seen: set[bytes] = set()
    for tag in tags:
        key, mark, value = tag.partition(equals)
        shown = repr(escaped(tag[:40]))
        if not key:
            yield Fault("ETAG-02", f"tag {shown} has no key" if tag else "a tag is empty", offset)
        elif value_needed and not value:
            yield Fault("ETAG-07", f"tag {shown} has no value", offset)
        elif (value_needed and equals in value) or (mark and not value):
            yield Fault("ETAG-03", f"tag {shown} has a {equals.decode()!r} that separates nothing", offset)
        elif any(byte in tag for byte in b" \t;"):
            yield Fault("ETAG-04", f"tag {shown} has a blank or a semicolon in it", offset)
        elif key in seen:
            yield Fault("ETAG-05", f"the key {escaped(key[:40])!r} comes twice", offset)
        seen.add(key)
        offset += len(tag) + 1
