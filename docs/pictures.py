"""Makes the pictures of the documentation from real runs: a terminal, and two of the HTML report.

Needs what `make peers` installs: statsd and collectd as targets, and Chromium, which is asked to take the pictures.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

DOCS: Final = Path(__file__).resolve().parent
ARGUMENTS: Final = ("--target", "statsd", "-k", "FRAMING- or COUNTER- or GAUGE-")
TARGETS: Final = ("reference", "statsd", "collectd")
WIDTH: Final = 118
# What pytest says of the machine is no business of a reader.
LEFT_OUT: Final = ("rootdir:", "configfile:", "plugins:")


def run(*arguments: str) -> str:
    """Return what a run of the suite prints, in colours."""
    command = [sys.executable, "-m", "pytest", "conformance", "--color=yes", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "COLUMNS": str(WIDTH)}
    ran = subprocess.run(command, cwd=DOCS.parent, env=environment, capture_output=True, text=True, check=False)
    if "StatsD conformance of" not in ran.stdout:
        sys.exit(ran.stdout + ran.stderr)
    return ran.stdout


def draw_terminal(file: Path) -> None:
    """Draw a run against StatsD as a terminal shows it."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    shown = " ".join(f"'{one}'" if " " in one else one for one in ARGUMENTS)
    console.print(Text(f"$ pytest conformance {shown}"))
    for line in run(*ARGUMENTS).splitlines():
        if not line.startswith(LEFT_OUT):
            console.print(Text.from_ansi(line))
    drawn = console.export_svg(title="statsd-conformance", unique_id="run")
    # A picture loads no fonts.
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")


def take_pictures(folder: Path) -> Iterator[Path]:
    """Take pictures of the report on three targets: the table, and one case."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("Chromium is not installed: make peers")
    with TemporaryDirectory() as directory, sync_playwright() as playwright:
        run(*(one for target in TARGETS for one in ("--target", target)), "--report", directory)
        page = playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        ).new_page(viewport={"width": 1200, "height": 900}, device_scale_factor=1)
        page.goto((Path(directory) / "report.html").as_uri())
        page.get_by_label("only where targets differ").check()
        yield _saved(page.screenshot(), folder / "report.png")
        page.goto((Path(directory) / "report.html").as_uri() + "#FRAMING-10/2")
        page.reload()
        yield _saved(page.locator("#detail").screenshot(), folder / "case.png")


def _saved(image: bytes, file: Path) -> Path:
    file.write_bytes(image)
    return file


if __name__ == "__main__":
    draw_terminal(DOCS / "run.svg")
    for made in take_pictures(DOCS):
        print(made)
