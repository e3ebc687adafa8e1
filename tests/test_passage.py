import pytest

from statsd_conformance.passage import Passage, explained, passage


@pytest.mark.parametrize(
    ("arrived", "lost", "found"),
    [
        ([500, 1200], [1400, 3000], Passage(1200, 1400)),
        ([500], [501], Passage(500, 501)),
        ([500, 1200], [], None),
        ([], [500], None),
        ([500, 1400], [1200], None),
        ([500], [500], None),
    ],
    ids=["between", "beside", "all", "none", "mixed", "one size both ways"],
)
def test_passage_is_what_parts_the_sizes(arrived: list[int], lost: list[int], found: Passage | None) -> None:
    fates = [*((size, False) for size in lost), *((size, True) for size in arrived)]
    assert passage(fates) == found
    assert passage(fates[::-1]) == found


@pytest.mark.parametrize(
    ("ipv6", "between"), [(False, "1,228 to 1,427 bytes"), (True, "1,248 to 1,447 bytes")], ids=["IPv4", "IPv6"]
)
def test_black_hole_is_explained_with_the_size_of_its_link_and_a_remedy(ipv6: bool, between: str) -> None:
    said = explained(Passage(1200, 1400), ipv6=ipv6)
    assert "datagrams of up to 1,200 bytes arrive, and of 1,400 bytes none does" in said
    assert f"a link behind takes no more than {between}, and nobody is told: a black hole" in said
    assert said.endswith("let emitters send no more than 1,200 bytes in a datagram")


def test_loss_of_what_leaves_in_fragments_is_no_black_hole() -> None:
    assert "black hole" in explained(Passage(1432, 1472))
    said = explained(Passage(1472, 1473))
    assert "black hole" not in said
    assert "they leave in fragments, which something on the path drops" in said
    assert "black hole" in explained(Passage(1472, 1473), mtu=9000)
