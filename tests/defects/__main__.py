"""Plant every defect, run the cases on it, and print which of them find it."""

import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from defects import EMITTER_DEFECTS
from defects.emitting import EmitterFinding, all_emitter_findings
from defects.findings import Finding, all_findings

Findings = Sequence[Finding | EmitterFinding]


def table(findings: Findings) -> Table:
    """Return a row a defect: its id, what it is, the requirements that find it, and whether they do over the wire."""
    made = Table("id", "planted", "found by", "wire", box=None, pad_edge=False, header_style="bold")
    for finding in findings:
        title = finding.defect.title.partition(";")[0].removesuffix(".")
        made.add_row(finding.defect.id, title, _said(finding), _said_of_the_wire(finding))
    return made


def _said(finding: Finding | EmitterFinding) -> str:
    ids = finding.by_id
    if ids:
        return " ".join(ids[:4]) + (f" and {len(ids) - 4} more" if len(ids) > 4 else "")
    return "[red]missed[/red]"


def _said_of_the_wire(finding: Finding | EmitterFinding) -> str:
    if not finding.by_id:
        return ""
    return "found" if finding.by_wire else "[yellow]missed[/yellow]"


def summary(findings: Findings) -> list[str]:
    """Return the closing lines: how many of the planted defects were found, and which were missed."""
    missed = [finding.defect.id for finding in findings if not finding.by_id]
    unseen = [finding.defect.id for finding in findings if finding.by_id and not finding.by_wire]
    said = [f"found {len(findings) - len(missed)} of {len(findings)} planted"]
    if missed:
        said.append(f"missed: {', '.join(missed)}")
    if unseen:
        said.append(f"found in process only: {', '.join(unseen)}")
    return said


def main() -> None:
    """Print the table and the closing lines."""
    findings: Findings = [*asyncio.run(all_findings()), *all_emitter_findings(EMITTER_DEFECTS)]
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(table(findings))
    for line in summary(findings):
        console.print(line)


if __name__ == "__main__":
    main()
