"""What is not sent any more, because it stops the target: that is known, or was found, and the search has to go on."""

from collections.abc import Set

from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.traits import traits_of


class Fatal:
    """Scenarios that stop a target, by their traits; `ids` are requirements on which it is known to stop."""

    def __init__(self, ids: Set[str]) -> None:
        self._ids = ids
        self._words: set[str] = set()

    def add(self, scenario: Scenario) -> None:
        """Add the least scenario that stops a target; what is special about it stops it elsewhere, too."""
        self._words.update(trait.words for trait in traits_of(scenario)[:1])

    def __contains__(self, scenario: Scenario) -> bool:
        """Tell whether a scenario is likely to stop the target."""
        if not (self._ids or self._words) or "plain" in scenario.features:
            return False
        return any(trait.words in self._words or not self._ids.isdisjoint(trait.ids) for trait in traits_of(scenario))
