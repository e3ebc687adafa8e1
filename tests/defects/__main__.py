"""Plant every defect, run all cases on it, and print which of them find it."""

import asyncio
import sys

from rich.console import Console
from rich.table import Table

from chapters import all_cases
from defects import DEFECTS, Defect
from trials import catching, in_process, right


async def findings() -> dict[Defect, list[str]]:
    """Return, for every defect, the ids of the requirements whose cases find it, in the order of the chapters."""
    cases = all_cases()
    on_the_reference = await in_process(right, cases)
    found = {}
    for defect in DEFECTS:
        wrong = await in_process(defect.plant, cases)
        found[defect] = list(dict.fromkeys(case.requirement.id for case in catching(cases, on_the_reference, wrong)))
    return found


def table(found: dict[Defect, list[str]]) -> Table:
    """Return a row a defect: its id, what it is, and the requirements that find it."""
    made = Table("id", "planted", "found by", box=None, pad_edge=False, header_style="bold")
    for defect, by in found.items():
        made.add_row(defect.id, defect.title.partition(";")[0], _said(defect, by))
    return made


def _said(defect: Defect, by: list[str]) -> str:
    if by:
        return " ".join(by[:4]) + (f" and {len(by) - 4} more" if len(by) > 4 else "")
    return "[red]missed[/red]" if defect.examined else f"no chapter on {defect.subject} yet"


def summary(found: dict[Defect, list[str]]) -> list[str]:
    """Return the closing lines: how many of the planted defects were found, and which were missed."""
    examined = [defect for defect in found if defect.examined]
    missed = [defect.id for defect in examined if not found[defect]]
    later = sum(1 for defect in found if not defect.examined)
    said = [f"found {len(examined) - len(missed)} of {len(examined)} planted"]
    if missed:
        said.append(f"missed: {', '.join(missed)}")
    if later:
        said.append(f"and {later} more whose chapters are not written yet, of them found {_found_early(found)}")
    return said


def _found_early(found: dict[Defect, list[str]]) -> int:
    return sum(1 for defect, by in found.items() if by and not defect.examined)


def main() -> None:
    """Print the table and the closing lines."""
    found = asyncio.run(findings())
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(table(found))
    for line in summary(found):
        console.print(line)


if __name__ == "__main__":
    main()
