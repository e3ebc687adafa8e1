from itertools import permutations

import pytest

from statsd_reference.tags import NameAndTags, dogstatsd_tags, original_tags, tagged_name

AS_THE_ORIGINAL = {
    b"": (),
    b"k:v": (b"k=v",),
    b"k=v": (b"k=v",),
    b"b:1,a:2": (b"b=1", b"a=2"),
    b"a": (b"a",),
    b"a,,b": (b"a", b"", b"b"),
    b"url:http://x": (b"url=http://x",),
    b"a;b;c": (b"a_b_c",),
    b"a:b,a:c": (b"a=b", b"a=c"),
}

AS_DOGSTATSD = {
    b"": (),
    b"k:v": (b"k=v",),
    b"b:1,a:2": (b"a=2", b"b=1"),
    b"a": (b"a=true",),
    b"a:": (b"a=true",),
    b"a,,b": (b"a=true", b"b=true"),
    b":v": (),
    b"url:http://x": (b"url=http--x",),
    b"a:x=y": (b"a=x_y",),
    b"a=x:y": (b"a_x=y",),
    b"a;b:c;d": (b"a_b=c_d",),
    b"a:b,a:c": (b"a=b", b"a=c"),
    b"a:b,a:b,a:~b": (b"a=b",),
    b"a:\xc3\xa9": (b"a=true",),
    b"\xc3\xa9:b": (),
    b"!^a:b c\r": (b"a=b_c_",),
}

TAGGED = [
    ("influx", b"n,k=v,a=b", b"n", (b"a=b", b"k=v")),
    ("influx", b"n", b"n", ()),
    ("influx", b"n,", b"n", ()),
    ("influx", b"n,k", b"n", (b"k=true",)),
    ("influx", b",k=v", b"", (b"k=v",)),
    ("influx", b"n,k=\rv", b"n", (b"k=_v",)),
    ("influx", b"n,k=v=w", b"n", (b"k=v_w",)),
    ("signalfx", b"n[k=v,a=b]", b"n", (b"a=b", b"k=v")),
    ("signalfx", b"n[]", b"n", ()),
    ("signalfx", b"n[k=v]x", b"n[k=v]x", ()),
    ("signalfx", b"n[k=v", b"n[k=v", ()),
    ("librato", b"n#k=v,a=b", b"n", (b"a=b", b"k=v")),
    ("librato", b"n#k=v#w", b"n", (b"k=vw",)),
    ("librato", b"n,k=v", b"n,k=v", ()),
]


@pytest.mark.parametrize(("section", "tags"), AS_THE_ORIGINAL.items(), ids=repr)
def test_the_original_keeps_tags_as_sent(section: bytes, tags: tuple[bytes, ...]) -> None:
    assert original_tags(section) == tags


@pytest.mark.parametrize(("section", "tags"), AS_DOGSTATSD.items(), ids=repr)
def test_dogstatsd_makes_a_set_of_tags_that_graphite_takes(section: bytes, tags: tuple[bytes, ...]) -> None:
    assert dogstatsd_tags(section) == tags


@pytest.mark.parametrize(("style", "text", "name", "tags"), TAGGED, ids=repr)
def test_a_name_carries_tags_in_the_style_asked_for(
    style: str, text: bytes, name: bytes, tags: tuple[bytes, ...]
) -> None:
    assert tagged_name(text, (style,)) == NameAndTags(name, tags)


@pytest.mark.parametrize("styles", list(permutations(["influx", "signalfx", "librato"])), ids="-".join)
def test_the_mark_that_comes_first_tells_the_style_of_a_name(styles: tuple[str, ...]) -> None:
    assert tagged_name(b"n[k=v,l=w]", styles) == NameAndTags(b"n", (b"k=v", b"l=w"))
    assert tagged_name(b"n#k=v[a=b],l=#", styles) == NameAndTags(b"n", (b"k=va_b", b"l=true"))
    assert tagged_name(b"n,k=v#w", styles) == NameAndTags(b"n", (b"k=vw",))


def test_a_style_that_is_not_asked_for_is_not_read() -> None:
    assert tagged_name(b"n#k=v[a=b]", ("signalfx",)) == NameAndTags(b"n#k=v", (b"a=b",))
    assert tagged_name(b"n#k=v", ()) == NameAndTags(b"n#k=v", ())
