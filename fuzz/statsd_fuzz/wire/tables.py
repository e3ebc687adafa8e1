"""The words of the grammar: what may stand in the places of a line, odd ones under the requirement they are about.

Each table of odd words is keyed by a requirement, so that a search leaves alone what a target is known not to meet; a
key of small letters names what no requirement is about.
"""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, tuple[bytes, ...]]

PLAIN_RATES: Final = (b"0.5", b"0.25", b"0.2", b"0.125", b"0.1")
# What a member may hold as well as any other byte, and what is told apart by what stands behind it.
IN_MEMBERS: Final = (b"#", b"@", b" ", b"/", b",", b"=", b";")
MEMBERS: Final = (b"a", b"b", b"c", b"u17", b"alice", b"bob", b"42", b"7f", b"x1")

# For `N:HERE|c`, and for gauges and timers.
NUMBERS: Final[Words] = {
    "NUM-01": (b"1.5", b"0.25", b"007", b"1.", b".5", b"00.50", b"16777217"),
    "OUT-06": (b"0.000001", b"0.0000001", b"0.000000123456", b"0.333333333", b"1.23456789"),
    "NUM-02": (b"1e3", b"1E3", b"2.5e-1", b"1e+2", b"1e-7", b"5e-324", b"1e0", b"1e00000000000000000001"),
    "NUM-03": (
        *(
            b"abc",
            b"--1",
            b"+-5",
            b"-+5",
            b"1,5",
            b"1_000",
            b"1abc",
            b"+",
            b"-",
            b".",
            b"-.",
            b"1.2.3",
            b"1-2",
            b"0..5",
        ),
        *(
            b"1e",
            b"e1",
            b"1e+",
            b"1.0e",
            b"1e1.5",
            b"1e1e1",
            b"1+1",
            b"(1)",
            b"'1'",
            b'"1"',
            b"1%",
            b"$1",
            b"#1",
            b"1;",
        ),
    ),
    "NUM-04": (b"0x10", b"0X1F", b"0b11", b"0o17", b"0x", b"-0x10", b"0x1p3", b"0x1.8p1", b"010"),
    "NUM-05": (b"nan", b"NaN", b"NAN", b"-nan", b"+nan", b"nan(1)", b"nan(0x7f)", b"nanx"),
    "NUM-06": (
        b"inf",
        b"Inf",
        b"-inf",
        b"+inf",
        b"Infinity",
        b"-Infinity",
        b"infinity",
        b"1e400",
        b"-1e400",
        b"1e999999",
    ),
    "NUM-08": (b" 1", b"1 ", b"\t1", b"1\t", b" ", b"  1  ", b"\x0b1", b"1\x0c", b"- 1", b"+ 1", b"1 2"),
    "NUM-10": (b"1" * 300, b"9" * 3000, b"0" * 1000 + b"1", b"0." + b"1" * 1000, b"1" + b"0" * 400, b"1." + b"0" * 500),
    "COUNTER-04": (b"-1", b"-1000", b"-0.5"),
    "COUNTER-05": (b"+1", b"+1000", b"+0.5"),
    "COUNTER-06": (b"0", b"0.0", b"00"),
    "COUNTER-09": (b"9007199254740991", b"2147483647", b"2147483648", b"4294967295", b"4294967296", b"-2147483648"),
    "COUNTER-10": (b"9007199254740993", b"18446744073709551615", b"9223372036854775807", b"123456789012345678901"),
    "COUNTER-11": (
        *(b"1e308", b"-1e308", b"1.7976931348623157e308", b"9223372036854775808", b"18446744073709551616"),
        *(b"-9223372036854775809", b"1e18", b"1e19", b"1e300"),
    ),
    "GAUGE-12": (b"-0", b"+0", b"-0.0", b"+0.0"),
    "LINE-07": (b"",),
    "host-language": (
        *(
            b"true",
            b"false",
            b"null",
            b"None",
            b"undefined",
            b"1n",
            b"1L",
            b"1f",
            b"1d",
            b"1u",
            b"1i",
            b"True",
            b"[]",
            b"{}",
        ),
        *(
            b"%d",
            b"%n%n%n",
            b"%s%s",
            b"${7*7}",
            b"{{7*7}}",
            b"$(id)",
            b"`id`",
            b"1;DROP",
            b"\\x31",
            b"\\0",
            b"1'",
            b"<1>",
        ),
    ),
    "FRAMING-16": (b"\xb2", b"\xff", b"1\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xb1"),
    "unicode-digits": ("١".encode(), "１".encode(), "½".encode(), "²".encode(), "−1".encode(), "1\u00a0".encode()),
    "FRAMING-13": (b"1\0", b"\0", b"1\x002", b"\x001"),
}
# For `N:1|c|HERE`.
RATES: Final[Words] = {
    "RATE-02": (b"@1", b"@1.0", b"@1.000"),
    "RATE-03": (b"@.5", b"@.1"),
    "RATE-04": (b"@0.333", b"@0.3", b"@0.07", b"@0.0017", b"@0.9999999"),
    "RATE-05": (b"@0", b"@0.0", b"@.0", b"@-0", b"@0e5", b"@00"),
    "RATE-06": (b"@2", b"@1.5", b"@10", b"@1e9", b"@1000000"),
    "RATE-07": (b"@-0.5", b"@-1", b"@-0.1"),
    "RATE-08": (b"@", b"@x", b"@abc", b"@.", b"@e", b"@,5", b"@0,5", b"@@0.5", b"@1/2"),
    "RATE-09": (b"@1e-1", b"@1E-1", b"@5e-1", b"@1e0"),
    "RATE-10": (b"@nan", b"@inf", b"@Infinity", b"@+0.5", b"@ 0.5", b"@ ", b"@0x1", b"@-inf", b"@-nan", b"@NaN"),
    "RATE-11": (b"@0.5x", b"@0.5 ", b"@0.1.2", b"@0.5%", b"@0.5\t", b"@0.5e", b"@0.5e-"),
    "RATE-14": (b"@0.0000000001", b"@1e-9", b"@1e-300", b"@1e-308", b"@4e-324", b"@0.000001", b"@1e-7"),
    "LINE-12": (b"",),
    "LINE-13": (b"0.5", b"x", b"%0.5", b"#", b"0.1@", b"c", b" @0.5", b"*0.5", b"!", b"@0.1,@0.2"),
    "LINE-14": (b"@0.5|x", b"@0.5|x|y", b"@0.5|", b"@0.5||", b"@1|c"),
    "LINE-15": (b"@0.1|@0.5", b"@0.5|@0", b"@0.5|@x"),
    "digits-in-a-rate": (b"@0." + b"3" * 300, b"@" + b"0" * 300 + b".5", b"@0." + b"0" * 300 + b"1"),
}
# For `N:1|HERE`.
TYPES: Final[Words] = {
    "LINE-05": (b"", b"|"),
    "LINE-08": (b"zz", b"q", b"x", b"0", b"1", b"-", b"ct", b"counter", b"gauge", b"timer"),
    "LINE-09": (b"cc", b"c1", b"gg", b"msx", b"sx", b"cg", b"mss", b"g1", b"s1", b"hh", b"m s"),
    "LINE-10": (b"C", b"G", b"MS", b"S", b"Ms", b"mS", b"H"),
    "LINE-11": (b"|c", b"|@0.1", b"||"),
    "TIMER-13": (b"h",),
    "TIMER-14": (b"d",),
    "OTHER-01": (b"m",),
    "OTHER-02": (b"C",),
    "OTHER-03": (b"kv",),
    "FRAMING-12": (b"c\0", b"g\0", b"ms\0\0", b"s\0", b"c\0\0\0\0\0\0"),
    "FRAMING-15": (b" c", b"c ", b" ms ", b"\tg", b"g\t", b"m s", b"s "),
    "FRAMING-06": (b"c\r",),
    "FRAMING-07": (b"g\r", b"ms\r"),
    "FRAMING-08": (b"s\r",),
    "FRAMING-16": (b"\xff", b"c\xff", b"\xe2\x82", b"ms\xc3"),
    "long-type": (b"c" * 300, b"ms" * 200, b"z" * 4000),
}
# Behind the token, as a name.
NAMES: Final[Words] = {
    "NAME-01": (b"A", b"aB-c_d", b"UPPER.lower", b"-x", b"x-", b"_"),
    "NAME-02": (b"a b", b"a  b", b"a\tb", b" a", b"a ", b"a \t b"),
    "NAME-03": (b"a/b", b"/", b"a//b", b"../a", b"a/../b"),
    "NAME-04": (
        b"a(b)",
        b"a*b",
        b"a%b",
        b"a$b",
        b"a#b",
        b"a@b",
        b"a&b",
        b"a+b",
        b"a,b",
        b"a!b",
        b"a{b}",
        b"a[b]",
        b'a"b',
        b"a'b",
    ),
    "NAME-05": (b".a", b"a.", b"a..b", b"...", b".", b"a.b.c.d.e.f.g.h"),
    "NAME-06": (
        "a\u2028b".encode(),
        "a\u0085b".encode(),
        "a\u00a0b".encode(),
        "a\u3000b".encode(),
        b"a\x0bb",
        b"a\x0cb",
    ),
    "NAME-08": (b"a;k=v", b"a;k", b"a;=v", b"a;k=", b"a;;", b";k=v", b"a;k=v;l=w", b"a;k=v;k=w"),
    "NAME-09": ("é".encode(), b"***", b"\xff\xfe", "日本".encode()),
    "NAME-10": (b"1", b"9a", b"_a", b"0x10"),
    "NAME-11": (b"a.a.b", b"a.a.a.a", b"count.count", b"stats.stats"),
    "LINE-16": (b"a|b", b"|a", b"a|c", b"a|c|@0.1"),
    "LINE-17": (
        *(b"constructor", b"__proto__", b"hasOwnProperty", b"toString", b"valueOf", b"prototype", b"__class__"),
        *(b"__init__", b"length", b"__defineGetter__", b"isPrototypeOf", b"self", b"nil", b"NULL", b"None"),
    ),
    "FRAMING-10": (b"a\rb", b"a:1|c\rb", b"\ra"),
    "FRAMING-11": (b"a\0b", b"\0", b"a\0"),
    "FRAMING-14": ("a\u2029b".encode(), b"a\x1cb", b"a\x1eb", "a\u0085".encode()),
    "FRAMING-16": (b"a\xff", b"\xc3(", b"\xe2\x28\xa1", b"\xf0\x90", b"a\xed\xa0\x80b", b"\x80\x80"),
    "SIZE-06": (b"n" * 120, b"n" * 250, b"n" * 256, b"x." * 200),
    "ROBUST-05": (b"n" * 500, b"n" * 1000, b"n" * 1023 + b"m", b"n" * 1400),
    "ROBUST-09": (b"statsd", b"stats", b"stats_counts", b"counters", b"timers", b"gauges", b"sets", b"numStats"),
    "control-bytes": (b"a\x01b", b"a\x1b[31mb", b"a\x7fb", b"\x08\x08", b"a\x1ab"),
    "host-language-name": (
        b"%s%n",
        b"${jndi:x}",
        b"$(id)",
        b"a'; --",
        b"<b>",
        b"\\u0041",
        b"a\\b",
        b"a=b",
        b"a~b",
        b"a^b",
    ),
    "OUT-08": (b"a.count", b"a.sum", b"a.mean_90", b"a.upper", b"a.count_ps"),
}
# Behind the type, as tags of DogStatsD.
TAGS: Final[Words] = {
    "TAG-01": (b"|#k:v", b"|#env:prod,host:a", b"|#a:1,b:2,c:3"),
    "TAG-02": (b"|@0.5|#k:v",),
    "TAG-03": (b"|#k:v|@0.5",),
    "TAG-06": (b"|#k", b"|#k,l", b"|#k,l:v,m"),
    "TAG-07": (b"|#", b"|#k:v,,l:w", b"|#,", b"|#,,,", b"|#:", b"|#:v", b"|#k:"),
    "TAG-08": (b"|#k:v,k:w", b"|#k:v,k:v", b"|#k,k:v"),
    "TAG-09": (b"|#url:http://x", b"|#a:b:c:d", b"|#t:12:30"),
    "TAG-10": (b"|#k:a b", b"|#k:a;b=c", b"|#k:a\x01b", b"|#k :v", b"|#k=v", b"|#~k:~v", b"|#k!:v", b"|#k:\t"),
    "TAG-11": (b"|c:abc123", b"|#k:v|c:abc123", b"|c:", b"|#k:v|c:ci-1234567890abcdef"),
    "TAG-12": (b"|T1656581400", b"|#k:v|T1656581400", b"|T", b"|Tx", b"|T-1", b"|T99999999999999999999"),
    "TAG-13": (b"|e:it-false,cn-x", b"|#k:v|e:"),
    "TAG-14": (b"|card:low", b"|#k:v|card:none", b"|card:"),
    "many-tags": (b"|#" + b",".join(b"k%d:v" % n for n in range(60)), b"|#k:" + b"v" * 400, b"|#" + b"k" * 400 + b":v"),
}
# Behind the name, before the colon.
NAME_TAGS: Final[Words] = {
    "TAG-15": (b",k=v", b",k=v,l=w", b",k", b",", b",=v", b",k="),
    "TAG-16": (b"[k=v]", b"[k=v,l=w]", b"[k]", b"[", b"[]", b"]k=v[", b"[k=v"),
    "TAG-17": (b"#k=v", b"#k=v,l=w", b"#", b"#k"),
    "TAG-18": (b";k=v", b";k=v;l=w", b";a=1;b=2;c=3"),
}
# Behind the colon, whole.
SAMPLES: Final[Words] = {
    "PACK-01": (b"1|c:2|c", b"1|c:2|c:3|c"),
    "PACK-02": (b"1|c:5|ms", b"1|c:x|s:3|g", b"1|ms:2|g"),
    "PACK-03": (b"1|c|@0.5:2|c", b"2|c:1|c|@0.5"),
    "PACK-04": (b"x|c:2|c", b"2|c:x|c", b"1|c::2|c", b"1|c:"),
    "PACK-05": (b"1:2:3|c", b"1:2:3|ms", b"1:2:3|g", b"1:2:3|c|@0.5"),
    "PACK-07": (b"1::2|c", b"1:|c", b":1|c", b"::|c"),
    "LINE-01": (b"1|c", b"1|g", b"1|ms", b"1|s"),
    "LINE-03": (b"1", b"", b"abc"),
    "SET-05": (b"|s",),
    "SET-06": (b"a:b|s", b":|s", b"a:b:c|s"),
    "SET-07": (b"a b|s", b"/x|s", "é".encode() + b"|s", b"#x|s", b"@|s", b"a,b|s"),
    "SET-09": (b"__proto__|s", b"constructor|s", b"hasOwnProperty|s", b"toString|s"),
    "ROBUST-21": (b"a@b|s", b"a#b|s", b"@0.1|s", b"#k:v|s", b"a|s|#k:v"),
    "many-samples": (b":".join([b"1|c"] * 40), b":" * 200, b"|" * 200, b"1|c|@0.1|" * 20),
}
# Lines without the token: under no name, or under one of the target's own.
LINES: Final[Words] = {
    "LINE-06": (b":1|c", b":1|g", b":1|ms", b":a|s", b":", b":|", b"::1|c"),
    "LINE-17": (
        *(b"constructor:1|ms", b"__proto__:1|ms", b"hasOwnProperty:1|ms", b"toString:1|s", b"constructor:x|s"),
        *(b"valueOf:1|c", b"__proto__:1|c", b"constructor:+1|g"),
    ),
    "NAME-09": (b"***:1|c", b"!!!:2|g", b"%:3|ms", b"(){}:x|s", "é:1|c".encode(), b"\xff\xfe:1|c"),
    "EVENT-01": (b"_e{5,4}:title|text", b"_e{5,4}:title|text|p:low|#k:v", b"_sc|name|0", b"_sc|name|2|#k:v|m:text"),
    "EVENT-02": (b"_e{3,3}:1|c|1|c", b"_e{5,4}:a:1|c|x:1|c", b"_sc|a:1|c|0", b"_sc|a:1|g|0|m:2|c"),
    "EVENT-03": (
        b"_e{0,0}:|",
        b"_e{50,4}:title|text",
        b"_e{5}:title|text",
        b"_e{5,}:title|",
        b"_e{,}:|",
        b"_e{5,4}title",
    ),
    "EVENT-04": (
        *(b"_e{4294967296,4}:title|text", b"_e{18446744073709551621,4}:title|text", b"_e{-1,4}:title|text"),
        *(
            b"_e{99999999999999999999,99999999999999999999}:a|b",
            b"_e{4294967301,4}:title|text",
            b"_e{5,4}:",
            b"_e{",
            b"_e",
        ),
    ),
    "EVENT-05": (b"_e{5,4}:title|text|c:abc", b"_e{5,4}:title|text|card:low", b"_sc|name|0|c:abc"),
    "EVENT-06": (b"_sc|name|4", b"_sc|name|-1", b"_sc|name|", b"_sc|name", b"_sc||0", b"_sc|"),
    "no-line": (b"|", b"|c", b"1", b"@", b"#", b" ", b"\t", b"\r", b"c|1:a", b"|:|:|:", b"\\", b"\x00" * 20),
    "FRAMING-19": (
        b"\xaa\x10\x00\x00",
        b"\xaa",
        b"zinit\n",
        b"EXIT",
        b"quit",
        b"help",
        b"GET / HTTP/1.0\r",
        b"\x80\x02]",
        b"{}",
    ),
    "FRAMING-16": (b"\xff\xff\xff\xff", b"\xef\xbb\xbf", b"\xfe\xff\x00a", b"\xc3\x28:\xc3\x28|\xc3\x28"),
}
# Between two lines, in place of LF.
JOINTS: Final[Words] = {
    "FRAMING-04": (b"\n\n", b"\n\n\n", b"\n" * 20),
    "FRAMING-06": (b"\r\n",),
    "FRAMING-10": (b"\r", b"\n\r"),
    "FRAMING-14": (b"\x0b\n", b"\x0c", "\u2028".encode(), "\u0085".encode(), b"\x1e"),
    "FRAMING-12": (b"\0\n", b"\0"),
    "FRAMING-15": (b" \n", b"\n ", b"\t\n"),
}
# The largest sizes in bytes that somebody reads, and one more.
SIZES: Final[Mapping[str, tuple[int, ...]]] = {
    "SIZE-01": (508, 512, 513, 1024, 1400, 1432),
    "SIZE-02": (1440, 1472, 1473, 2048, 4095, 4096, 4097, 8191, 8192, 8193, 8932),
    "SIZE-03": (9000, 9001, 16384, 32768, 65507),
}
# All tables of words.
WORDS: Final = (NUMBERS, RATES, TYPES, NAMES, TAGS, NAME_TAGS, SAMPLES, LINES, JOINTS)
