"""How the help of a group of commands lists them."""

import click

# More letters than any first sentence has.
_WHOLE = 500


class Wordy(click.Group):
    """A group whose help has the first sentence of each command whole, on as many lines as it takes."""

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with what they do."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.commands[name].get_short_help_str(_WHOLE)) for name in sorted(self.commands)]
            )
