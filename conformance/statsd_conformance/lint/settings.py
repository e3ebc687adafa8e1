"""What the linter is asked to look for."""

from dataclasses import dataclass

from statsd_conformance.lint.dialect import DIALECTS, Dialect
from statsd_conformance.lint.rule import RULES


class SettingsError(ValueError):
    """Settings that name what there is not; the message names what there is."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The dialect, the largest datagram in bytes, and the rules, each by the beginning of its code.

    Without `select` all rules hold that are on by default; `ignore` takes away from these.

    Raises:
        SettingsError: there is no such dialect, no rule whose code begins so, or no rule left.
    """

    dialect: str = "etsy"
    size: int = 1432
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.dialect not in DIALECTS:
            raise SettingsError(f"dialect {self.dialect!r} is none of {', '.join(DIALECTS)}")
        if self.size < 1:
            raise SettingsError(f"size {self.size} holds no datagram; the usual one is 1432")
        for beginning in sorted(self.select | self.ignore):
            if not any(code.startswith(beginning) for code in RULES):
                families = sorted({code.partition("-")[0] for code in RULES})
                raise SettingsError(f"no rule's code begins with {beginning!r}; the families are {', '.join(families)}")
        if not self.codes:
            raise SettingsError("no rule is left: what is selected is ignored, too")

    @property
    def spoken(self) -> Dialect:
        """The dialect as a value."""
        return DIALECTS[self.dialect]

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the rules that hold."""
        chosen = {
            code
            for code, rule in RULES.items()
            if (code.startswith(tuple(self.select)) if self.select else rule.default)
        }
        return frozenset(code for code in chosen if not code.startswith(tuple(self.ignore)))
