"""Requirements on emitters and the cases that test them: the rules of the linter, and what only a whole run shows."""

from collections.abc import Callable
from typing import Final

from statsd_conformance.emitters.emission import Emission, refuse
from statsd_conformance.emitters.sorts import needed_by
from statsd_conformance.lint import Rule
from statsd_conformance.requirement import CORE, EXT, Class, Level, Requirement, Unsupported, Untestable, declare_case

EmitterCase = Callable[[Emission], None]

EMITTER_CASES: Final[dict[str, EmitterCase]] = {}
EMITTER_REQUIREMENTS: Final[dict[str, Requirement | Untestable]] = {}


def emitter_requirement(id: str, category: Class, level: Level, *, cites: str) -> Callable[[EmitterCase], EmitterCase]:
    """Declare the decorated function to be the case of a requirement on emitters; its docstring is the sentence.

    Raises:
        ValueError: the id is taken, or the case has no docstring.
    """

    def declare(case: EmitterCase) -> EmitterCase:
        if not case.__doc__:
            raise ValueError(f"the case of {id} has no sentence for a docstring")
        return _declared(Requirement(id, category, level, " ".join(case.__doc__.split()), cites), case)

    return declare


def rule_case(rule: Rule) -> EmitterCase:
    """Return the case of a rule of the linter, declared to be one."""

    def case(emission: Emission) -> None:
        if rule.code not in emission.settings.codes:
            raise Unsupported(f"holds only where it is asked for: statsd-conformance lint --select {rule.code}")
        if rule.code not in emission.findings:
            for sent, what in needed_by(rule):
                emission.need(sent, what)
        refuse(emission.faults(rule.code))

    case.__doc__ = rule.sentence
    # A rule about tags or events binds only those who send them.
    category = CORE if rule.dialect == "etsy" else EXT
    return _declared(Requirement(rule.code, category, rule.level, rule.sentence, rule.cites), case)


def emitter_untestable(id: str, category: Class, level: Level, sentence: str, *, cites: str, reason: str) -> None:
    """List a requirement on emitters that nobody can see from outside, with the reason.

    Raises:
        ValueError: the id is taken.
    """
    _take(Untestable(id, category, level, sentence, cites, reason))


def _declared(requirement: Requirement, case: EmitterCase) -> EmitterCase:
    _take(requirement)
    EMITTER_CASES[requirement.id] = case
    declare_case(case, requirement)
    return case


def _take(entry: Requirement | Untestable) -> None:
    if entry.id in EMITTER_REQUIREMENTS:
        raise ValueError(f"{entry.id} has two cases")
    EMITTER_REQUIREMENTS[entry.id] = entry
