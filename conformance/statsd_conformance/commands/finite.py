"""Numbers on the command line."""

from math import isfinite
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A number in a range; `nan` and `inf`, which compare as if they were, are refused."""

    # What click calls it in a message is "a valid NAME".
    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or end with a message that names the option and what it was."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is no finite number", param, ctx)
        return number
