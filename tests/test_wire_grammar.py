"""The grammar of what is sent over the wire: seeds, what is left alone, and sizes."""

from itertools import islice
from random import Random

from statsd_corpora import seeds
from statsd_fuzz.plain import plain_part
from statsd_fuzz.wire import tables
from statsd_fuzz.wire.grammar import Grammar
from statsd_fuzz.wire.mutating import Mutator
from statsd_fuzz.wire.relations import ALONE, RATE_LAST, TAGS_BACKWARDS
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario, adopted


def scenarios(grammar: Grammar, number: int) -> list[Scenario]:
    return [grammar.scenario() for _ in range(number)]


def test_equal_seeds_make_equal_scenarios_and_others_other_ones() -> None:
    first, again, other = (scenarios(Grammar(seed), 200) for seed in (7, 7, 8))
    assert first == again != other


def test_every_table_of_words_is_drawn_from() -> None:
    made = scenarios(Grammar(1), 6000)
    abouts = {about for one in made for about in one.features}
    assert {about for table in tables.WORDS for about in table} <= abouts
    assert set(tables.SIZES) <= abouts


def test_what_a_target_is_known_not_to_meet_is_made_rarely() -> None:
    usual, avoiding = (scenarios(Grammar(3, avoid=avoid), 4000) for avoid in (set[str](), {"RATE-05", "NUM-03"}))
    counts = [sum(not {"RATE-05", "NUM-03"}.isdisjoint(one.features) for one in some) for some in (usual, avoiding)]
    assert 0 < 4 * counts[1] < counts[0]


def test_no_long_names_nor_odd_members_are_made_for_who_is_known_not_to_tell_them_apart() -> None:
    usual, avoiding = (scenarios(Grammar(8, avoid=avoid), 4000) for avoid in (set[str](), {"SIZE-06", "SET-07"}))
    counts = [
        (
            sum(ALONE in one.features for one in some),
            sum("SET-07" in one.features and max(one.size) > 500 for one in some),
        )
        for some in (usual, avoiding)
    ]
    assert min(counts[0]) > 0
    assert counts[1] == (0, 0)


def test_tags_go_another_way_where_the_target_reads_them_and_is_to_do_so() -> None:
    grammars = Grammar(9, tagged=True), Grammar(9, tagged=True, avoid={"TAG-03"}), Grammar(9)
    made = [{about for one in scenarios(grammar, 8000) for about in one.features} for grammar in grammars]
    found = [sorted({TAGS_BACKWARDS, RATE_LAST} & abouts) for abouts in made]
    assert found == [[TAGS_BACKWARDS, RATE_LAST], [TAGS_BACKWARDS], []]


def test_without_hostile_productions_all_lines_are_plain() -> None:
    for one in scenarios(Grammar(4, hostile=False), 500):
        assert not any(any(odd) for odd in plain_part(one.intervals).odd), one


def test_no_datagram_is_larger_than_it_may_be() -> None:
    # There are words of thousands of bytes.
    sizes = {len(one) for made in scenarios(Grammar(5, largest=600), 3000) for some in made.intervals for one in some}
    assert 500 < max(sizes) <= 600


def test_plain_scenarios_are_judged_whole() -> None:
    made = [one for one in scenarios(Grammar(6), 400) if "plain" in one.features]
    judged = [one for one in made if plain_part(one.intervals).intervals[0]]
    assert len(judged) > 0.9 * len(made) > 50


def test_seeds_of_the_corpora_are_adopted_under_the_token() -> None:
    pool = Mutator(Random(1)).pool
    assert adopted(seeds("intervals")["gauge-kept-then-changed"]) in pool
    assert all(PLACEHOLDER in b"".join(one) for made in pool for one in made.intervals[:1] if made.size[1] > 40)


def test_changed_lines_keep_a_token_mostly() -> None:
    mutator = Mutator(Random(2))
    made = [one for _ in range(300) for some in mutator.mutated().intervals for one in some]
    lines = [line for one in made for line in one.split(b"\n") if line]
    assert sum(PLACEHOLDER in line for line in lines) >= 0.9 * len(lines)


def test_what_is_kept_is_changed_next() -> None:
    mutator = Mutator(Random(3))
    for number in range(64):
        mutator.keep(Scenario(((b"%b.kept%d:1|c" % (PLACEHOLDER, number),),)))
    made = b"".join(one for made in islice(iter(mutator.mutated, None), 40) for some in made.intervals for one in some)
    assert b"kept" in made


def test_names_that_may_share_a_path_are_not_judged() -> None:
    plain = plain_part([[b"a.sum:1|c\na:1|ms\nb.sum:1|c", b"c:1e3|ms\nc.mean_90:1|g"]])
    assert set(plain.intervals[0]) == {b"b.sum"}


def test_crowd_has_so_many_members_that_most_come_again() -> None:
    crowds = [one for one in scenarios(Grammar(5), 2000) if one.features == {"SET-04"}]
    assert crowds
    for one in crowds:
        lines = b"\n".join(one.intervals[0]).split(b"\n")
        assert len({line.partition(b":")[0] for line in lines}) == 1
        assert len(set(lines)) < len(lines) >= 20
