from pathlib import Path

import pytest

from statsd_conformance.profile import EXTENSIONS, ProfileError, known_profiles, load_profile, read_profile, same_path

GOOD = 'name = "mine"\n[paths]\ncounter = "c.{bucket}"\n'


@pytest.mark.parametrize("name", known_profiles())
def test_known_profile_loads_under_its_own_name(name: str) -> None:
    assert load_profile(name).name == name


def test_profile_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    profile = load_profile(str(path))
    assert profile.path("counter", b"a") == b"c.a"
    assert profile.path("gauge", b"a") is None


def test_lists_become_tuples() -> None:
    profile = read_profile('types = ["c", "g"]\nextensions = ["kv"]\n' + GOOD, "x")
    assert (profile.types, profile.extensions) == (("c", "g"), ("kv",))


# An entry too many or wrong, and the words of its error.
WRONG = {
    "name = []x": "line 1",
    "nme = 'x'\n" + GOOD: "unknown entry 'nme'",
    '[paths]\ncounter = "{bucket}"': "no entry 'name'",
    'name = "x"': "no entry 'paths'",
    "name = 1\n[paths]": "name is 1, not a text",
    'name = "x"\npaths = "stats"': "paths is 'stats', not a table of texts",
    'name = "x"\n[paths]\ncounter = 1': "paths is {'counter': 1}, not a table of texts",
    'name = "x"\n[paths]\ncuonter = "{bucket}"': "unknown kind 'cuonter' in paths",
    'name = "x"\n[paths]\ncounter = "stats"': "the path of counter, 'stats', has no {bucket}",
    'name = "x"\n[paths]\ntimer = "t.{bucket}"': "the path of timer, 't.{bucket}', has no {statistic}",
    "statistics = ['mean']\n" + GOOD: "statistics is ['mean'], not a table of texts",
    "timer_unit_ms = 0\n" + GOOD: "timer_unit_ms is 0, not a number above 0",
    "timer_unit_ms = 'ms'\n" + GOOD: "timer_unit_ms is 'ms', not a number above 0",
    "types = 'c'\n" + GOOD: "types is 'c', not a list of texts",
    "types = [1]\n" + GOOD: "types is [1], not a list of texts",
    "extensions = true\n" + GOOD: "extensions is True, not a list of texts",
    "extensions = ['dogstasd']\n" + GOOD: "unknown extension 'dogstasd'; it takes multi-sample, packing",
    "end = 'never'\n" + GOOD: "end is 'never', not 'close', 'marker', 'silence' or 'timestamp'",
    "end = 'marker'\n" + GOOD: "end is 'marker', but there is no entry 'marker'",
    "marker = 5\n" + GOOD: "marker is 5, not a text",
    "silence = 0\n" + GOOD: "silence is 0, not a number above 0",
    "silence = inf\n" + GOOD: "silence is inf, not a number above 0",
    "rounds = 0\n" + GOOD: "rounds is 0, not a whole number above 0",
    "rounds = 1.5\n" + GOOD: "rounds is 1.5, not a whole number above 0",
    "rounds = true\n" + GOOD: "rounds is True, not a whole number above 0",
    "lag = -1\n" + GOOD: "lag is -1, not a number, 0 or above",
    "lag = nan\n" + GOOD: "lag is nan, not a number, 0 or above",
    "errors = []\n" + GOOD: "errors is [], not a text",
    "own = {packets = 'a'}\n" + GOOD: "own is {'packets': 'a'}, not a table of texts for packets_received",
    "dot = 1\n" + GOOD: "dot is 1, not a text",
    "tags = 'some'\n" + GOOD: "tags is 'some', not 'graphite' or 'none'",
}


@pytest.mark.parametrize(("text", "words"), WRONG.items(), ids=WRONG.values())
def test_wrong_entry_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile(text, "mine.toml")
    assert str(caught.value).startswith("profile mine.toml: ")
    assert words in str(caught.value)


def test_profile_that_is_nowhere_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ProfileError, match="no profile 'nowhere': neither a file nor one of brubeck, "):
        load_profile("nowhere")


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="binary: cannot be read"):
        load_profile(str(path))


def test_every_path_of_a_bucket_is_told_with_its_kind() -> None:
    text = 'name = "x"\n[paths]\ngauge = "g.{bucket}"\ntimer = "t.{bucket}.{statistic}"\n[statistics]\nmean = "avg"\n'
    profile = read_profile(text, "x")
    assert list(profile.all_paths(b"a;k=v")) == [("gauge", "", b"g.a;k=v"), ("timer", "mean", b"t.a.avg;k=v")]
    assert profile.path("timer", b"a", "upper") is None


def test_path_has_no_tags_where_none_are_published() -> None:
    assert read_profile('tags = "none"\n' + GOOD, "x").path("counter", b"a;k=v") == b"c.a"
    assert read_profile('tags = "graphite"\n' + GOOD, "x").path("counter", b"a;k=v") == b"c.a;k=v"


def test_star_stands_for_any_beginning_and_nothing_else() -> None:
    assert same_path(b"*.a", b"host.a")
    assert not same_path(b"*.a", b"host.ab")
    assert not same_path(b"a", b"host.a")


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_each_extension_is_explained(extension: str) -> None:
    guide = Path(__file__).parent.parent / "conformance" / "README.md"
    assert f'"{extension}"' in guide.read_text() or f"`{extension}`" in guide.read_text()
