"""What is printed of a finding: what broke, how to see it again, where it lies, and how to have it known."""

import shlex
from pathlib import Path
from typing import Final

from statsd_fuzz.known import Standing, snippet
from statsd_fuzz.wire.collected import Told
from statsd_fuzz.wire.saved import shell_line_of

# Characters of a line that are still read.
_LONG: Final = 2000


def told_of(told: Told, saved: Path | OSError) -> str:
    """Return several lines on a finding, and where it was saved or why not, no trailing LF."""
    finding = told.finding
    case = f"test_{finding.name.replace('-', '_')}.py"
    line = shell_line_of(finding)
    if len(line) > _LONG and isinstance(saved, Path):
        # The whole traffic of an interval, which fills a terminal many times.
        line = f"sh {shlex.quote(str(saved.with_name(f'{finding.name}.sh')))}"
    rows = [
        f"{finding.name}: {finding.fault.sentence}",
        f"    again: {line}",
        f"    not saved: {saved.filename or 'its files'}: {saved.strerror}"
        if isinstance(saved, OSError)
        else f"    saved: {saved}, beside it .pcapng, .sh and {case}",
    ]
    if told.standing is Standing.BACK:
        rows.append(f"    it is listed as fixed: {told.reason}")
    else:
        rows.append("    to have it counted and not told, in the file of --known:")
        rows += [f"        {line}" for line in snippet(finding.name).splitlines()]
    return "\n".join(rows)
