"""The cases of all chapters, under the name that the tests know."""

from statsd_conformance.chapters import all_cases, cases_of

__all__ = ["all_cases", "cases_of"]
