"""What is printed of a finding: what broke, how to see it again, where it lies, and how to have it known."""

from pathlib import Path

from statsd_fuzz.known import Standing, snippet
from statsd_fuzz.wire.collected import Told
from statsd_fuzz.wire.saved import shell_line_of


def told_of(told: Told, saved: Path | OSError) -> str:
    """Return several lines on a finding, and where it was saved or why not, no trailing LF."""
    finding = told.finding
    case = f"test_{finding.name.replace('-', '_')}.py"
    rows = [
        f"{finding.name}: {finding.fault.sentence}",
        f"    again: {shell_line_of(finding)}",
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
