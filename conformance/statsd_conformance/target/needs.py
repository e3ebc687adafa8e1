"""What a case may need of what a target reads and publishes."""

from statsd_conformance.profile import EXTENSIONS, OWN_COUNTERS, Profile
from statsd_conformance.requirement import Unsupported


class Needs:
    """Each method says that the case needs something of the target, and ends the case where that is not there."""

    profile: Profile

    def needs(self, *types: str) -> None:
        """Say that the case needs types of the wire, as in `needs("s")`.

        Raises:
            Unsupported: the target's profile does not have them.
        """
        missing = [one for one in types if one not in self.profile.types]
        if missing:
            raise Unsupported(f"the profile {self.profile.name!r} has no type {missing[0]!r}")

    def needs_paths(self, *kinds: str) -> None:
        """Say that the case looks at kinds of output, as in `needs_paths("rate")`.

        Raises:
            Unsupported: the target does not publish them, by its profile.
        """
        missing = [kind for kind in kinds if kind not in self.profile.paths]
        if missing:
            raise Unsupported(f"the profile {self.profile.name!r} publishes no {missing[0]}")

    def needs_statistics(self, *statistics: str) -> None:
        """Say that the case looks at statistics of timers, by the original's names, as in `needs_statistics("median")`.

        Raises:
            Unsupported: the target does not read timers or does not publish these, by its profile.
        """
        self.needs("ms")
        missing = [one for one in statistics if one not in self.profile.statistics]
        if missing:
            raise Unsupported(f"the profile {self.profile.name!r} publishes no {missing[0]} of a timer")

    def needs_idle(self, kind: str) -> None:
        """Say that the case looks at what an interval without samples publishes of a kind, as in `needs_idle("gauge")`.

        Raises:
            Unsupported: the target is meant to forget what is idle, by its profile.
        """
        forgetting = ("deleteIdleStats", "deleteGauges") if kind == "gauge" else ("deleteIdleStats",)
        if said := [name for name in forgetting if name in self.profile.extensions]:
            raise Unsupported(f"the profile {self.profile.name!r} says {said[0]}, by which an idle {kind} is forgotten")

    def needs_tags(self) -> None:
        """Say that the case looks at tags in the output.

        Raises:
            Unsupported: the target does not publish them, by its profile.
        """
        if self.profile.tags == "none":
            raise Unsupported(f"the profile {self.profile.name!r} publishes no tags")

    def needs_errors(self) -> None:
        """Say that the case looks at how many samples the target rejected.

        Raises:
            Unsupported: the target does not publish that, by its profile.
        """
        if not self.profile.errors:
            raise Unsupported(f"the profile {self.profile.name!r} publishes no count of rejected samples")

    @property
    def output(self) -> str:
        """What the target publishes, as its observer says: "graphite", "statsd" or "prometheus"."""
        return "graphite"

    def needs_graphite(self) -> None:
        """Say that the case looks at how lines to Graphite are written.

        Raises:
            Unsupported: the target's output is of another form.
        """
        if self.output != "graphite":
            raise Unsupported(f"the target is seen by its {self.output} output, not by lines to Graphite")

    def needs_flushes(self) -> None:
        """Say that the case looks at when the target flushes.

        Raises:
            Unsupported: the target shows all the time how things stand, and the suite chooses when to look.
        """
        if self.output == "prometheus":
            raise Unsupported("a Prometheus page is looked at when the suite likes, so it shows no flush")

    def needs_finished_timers(self) -> None:
        """Say that the case looks at what a flush makes of all times of an interval.

        Raises:
            Unsupported: what is seen is the running interval, of which the last times may be missing.
        """
        if self.output == "console":
            raise Unsupported("a console shows the times of the running interval, not what a flush makes of them")

    def needs_own(self, *names: str) -> None:
        """Say that the case looks at what the target publishes about itself, as in `needs_own("packets_received")`.

        Raises:
            Unsupported: the target does not publish it, by its profile.
        """
        if missing := [name for name in names if name not in self.profile.own]:
            unseen = self.profile.name == "probed" and missing[0] in OWN_COUNTERS
            why = "the probe found none of that name" if unseen else "a profile names it in [own]"
            raise Unsupported(f"the profile {self.profile.name!r} says no path of the target's own {missing[0]}; {why}")

    def needs_extension(self, name: str) -> None:
        """Say that the case is of an extension, as in `needs_extension("deleteGauges")`.

        Raises:
            Unsupported: the target's profile does not say that it has it.
            ValueError: no profile can say that.
        """
        if name not in EXTENSIONS:
            raise ValueError(f"{name} is not among the extensions that a profile takes")
        if name not in self.profile.extensions:
            raise Unsupported(f"the profile {self.profile.name!r} does not say {name}")
