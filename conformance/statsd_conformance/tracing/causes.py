"""The table of causes, and the procedure that names those which fit what was seen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from statsd_conformance.tracing import aggregating, blanks, by_name, cuts, spoilt, storing
from statsd_conformance.tracing.cause import Cause, Diagnosis, Traced

CAUSES: Final[Sequence[Cause]] = (
    Cause(
        "H1a",
        "blanks around a name, refused or renamed",
        "White space stands in front of names on the wire, as when the text of a datagram goes on over several lines "
        "of source; the aggregator refuses such lines, or files them under a name that begins with `_`.",
        "Take the white space out of what the emitter prints; nothing behind it can heal that.",
        "look at the aggregator's output (--graphite-tap) and at its count of refused lines",
        blanks.refused,
    ),
    Cause(
        "H1b",
        "blanks around a name, kept",
        "White space in front of names passes through the aggregator, and through carbon by pickle: the series exist, "
        "in a second tree whose root begins with the white space.",
        "Take the white space out of what the emitter prints, and remove the second tree from Graphite.",
        "look for that tree in Graphite (--whisper)",
        blanks.kept,
    ),
    Cause(
        "H1c",
        "blanks around a name, stripped on the way",
        "White space in front of names is removed on the way, by carbon in plaintext or by the aggregator, so that the "
        "counters arrive; by pickle they would not.",
        "Take the white space out of what the emitter prints, before the aggregator talks to carbon in another way.",
        "look at the names in Graphite (--whisper)",
        blanks.stripped,
    ),
    Cause(
        "H3",
        "the emitter prints fewer counters",
        "The end of the list is missing, in the same way in every datagram whatever its size, and no line is cut: the "
        "emitter that runs prints a shorter list.",
        "Compare the emitter that runs with its source; build it again.",
        "let it send longer values, or names of other lengths: a limit in bytes moves then, a list does not",
        cuts.fewer_printed,
    ),
    Cause(
        "H4",
        "the datagram is cut by length",
        "A limit in bytes ends the datagram: a buffer that is too short, or a maximum that is too low.",
        "Make the buffer longer than the longest name, rank and value need, and send no line that does not fit whole.",
        "let it send longer values, or names of other lengths: a limit in bytes moves then, a list does not",
        cuts.cut_by_length,
    ),
    Cause(
        "H13",
        "CR LF or a written line end",
        "Lines end in CR LF, or in the two characters `\\` and `n`, which most aggregators do not take for a line end.",
        "Let the emitter end its lines with LF alone.",
        "look at the datagram byte by byte",
        blanks.carriage_returns,
    ),
    Cause(
        "JOINED",
        "no line end between two lines",
        "A line stands right behind another: an aggregator reads neither of them, or one that nobody meant.",
        "Let the emitter put LF between any two lines, also where it adds to what waits already.",
        "look at the datagram byte by byte",
        spoilt.joined,
    ),
    Cause(
        "NUL",
        "NULs behind the lines",
        "The emitter sends more of its buffer than it wrote: the last line goes on with NULs, which some "
        "aggregators refuse.",
        "Send as many bytes as were written, without the NUL that ends a text of C.",
        "look at the datagram byte by byte",
        spoilt.padded,
    ),
    Cause(
        "NAMELESS",
        "lines without a name",
        "Lines begin with the colon: what was to stand before it was empty. Some aggregators refuse them, others add "
        "all of them up under an empty name.",
        "Look where the emitter makes the name of the counter that is missing.",
        "compare how many lines have no name with how many of the counter are missing",
        spoilt.nameless,
    ),
    Cause(
        "H7",
        "two types under one name",
        "A name is sent with two types. Some aggregators keep the first one until they are started again; others make "
        "two series of it.",
        "Send each name with one type, and start the aggregator again where it keeps the first.",
        "look at the value in the aggregator's output",
        aggregating.two_types,
    ),
    Cause(
        "H8",
        "expired in the aggregator",
        "The aggregator forgets series that nobody sends any more. All counters of a datagram go together.",
        "Nothing is wrong where the emitter has nothing to say; where it has, look why it is silent.",
        "let the emitter send once",
        aggregating.expired,
    ),
    Cause(
        "LOSS",
        "datagrams lost before the aggregator",
        "Datagrams were on the wire that the aggregator did not read: its receive buffer was full.",
        "Give its socket a larger receive buffer (net.core.rmem_max), more readers, or fewer and longer datagrams.",
        "compare with the drops in /proc/net/udp",
        aggregating.not_received,
    ),
    Cause(
        "HOLE",
        "what is long vanishes on the path",
        "Datagrams above some size never reach the aggregator, and shorter ones do: a link on the path takes less than "
        "the sender thinks and tells nobody, or something on it drops fragments.",
        "Let the emitter send no more in a datagram than what arrives, or raise the MTU of that link.",
        "capture at the aggregator's machine, too: what is not seen there was lost on the path",
        aggregating.vanished,
    ),
    Cause(
        "H2",
        "names spread over several stores",
        "The aggregator, or a relay behind it, spreads names over several stores by their hash, and one of them was "
        "looked at.",
        "Look at the other stores, too; the configuration of the aggregator or of the relay names them.",
        "count the back ends in the aggregator's configuration; a set that depends on names alone never changes",
        by_name.spread,
    ),
    Cause(
        "H6",
        "zeroes are left out",
        "Exactly the counters that are 0 are missing: somebody does not pass on, or does not show, what is 0.",
        "Let one of them count once and look again; then find the filter or the setting of the graph.",
        "let one of them count once: with H6 it appears, with H2 it does not",
        by_name.zeroes,
    ),
    Cause(
        "H11",
        "a name that is no UTF-8",
        "carbon drops the connection, or the whole pickle, at a name that is no UTF-8, and everything that the "
        "aggregator writes behind it. An aggregator that writes its newest names first so stops every older series.",
        "Stop the emitter of that name, and let the aggregator forget it (start it again, or wait until it expires).",
        "look at the aggregator's output (--graphite-tap)",
        storing.poisoned,
    ),
    Cause(
        "FIELDS",
        "a blank inside a name",
        "A line to Graphite has more than three fields, for a blank stands inside its path; carbon ignores it.",
        "Take blanks out of names in the emitter, or use an aggregator that replaces them.",
        "look at carbon's listener.log",
        storing.unreadable,
    ),
    Cause(
        "H5",
        "carbon creates no more files this minute",
        "carbon limits how many files it creates in a minute (MAX_CREATES_PER_MINUTE), and throws away the points of "
        "those that it did not create. It passes by itself.",
        "Wait, or raise MAX_CREATES_PER_MINUTE in carbon.conf.",
        "look at carbon.agents.*.droppedCreates, or again in three minutes (--patience 180)",
        storing.creates_refused,
    ),
    Cause(
        "H16",
        "a list or a pattern keeps names out",
        "A white list, a black list, a storage schema, or a filter of the aggregator keeps some names out.",
        "Look at whitelist.conf, blacklist.conf and storage-schemas.conf of carbon, and at filters of the aggregator.",
        "look at carbon.agents.*.blacklistMatches and whitelistRejects",
        by_name.listed,
    ),
    Cause(
        "SLOTS",
        "Graphite keeps one of several flushes",
        "A point of Graphite spans several flushes, and it keeps the last of them: counts are lost.",
        "Let the first retention in storage-schemas.conf be the flush interval.",
        "compare the step of the series with the flush interval",
        storing.slots,
    ),
    Cause(
        "CLEANED",
        "another name after clean-up",
        "The name holds characters that the aggregator or Graphite replaces or removes.",
        "Send names of letters, digits, `_`, `-` and `.` only.",
        "compare the bytes of the name at each hop",
        blanks.cleaned,
    ),
    Cause(
        "NOWHERE",
        "nothing reaches the store",
        "The aggregator writes to a place where Graphite does not listen, or another store was looked at.",
        "Compare the address in the aggregator's settings with that of carbon, and the folder with its LOCAL_DATA_DIR.",
        "look whether carbon listens there",
        storing.everything,
    ),
    Cause(
        "UNSENT",
        "never on the wire",
        "The counter was declared, and never sent while the trace ran.",
        "Look at what makes the emitter send: its mask, its gate, whether the counter ever changed.",
        "trace for longer, and let every counter change once",
        aggregating.not_sent,
    ),
    Cause(
        "UNKNOWN",
        "nothing that is known fits",
        "The counter is lost or changed between two hops, and no known cause fits what was seen.",
        "Look at the logs of what stands between the two hops.",
        "trace more hops, for longer",
        aggregating.unexplained,
    ),
)
OF_CODE: Final = {cause.code: cause for cause in CAUSES}
# They say that nothing else was found.
_LAST: Final = ("NOWHERE", "UNSENT", "UNKNOWN")


def diagnose(traced: Traced) -> tuple[Diagnosis, ...]:
    """Return every cause that fits, in the order of the table.

    One that may be is left out where another one is sure for all the same counters; where several may be, all stand
    there, and `Cause.apart` says what would tell which.
    """
    found = _found(traced, last=False)
    certain = {counter for one in found if one.sure for counter in one.counters}
    kept = [one for one in found if one.sure or not set(one.counters) <= certain]
    explained = {counter for one in kept for counter in one.counters}
    for one in _found(replace(traced, without=frozenset(explained)), last=True):
        if not explained & set(one.counters):
            kept.append(one)
            explained |= set(one.counters)
    return tuple(kept)


def _found(traced: Traced, *, last: bool) -> list[Diagnosis]:
    causes = [cause for cause in CAUSES if (cause.code in _LAST) == last]
    return [diagnosis for cause in causes if (diagnosis := cause.find(traced))]
