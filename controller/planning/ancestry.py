"""What stands behind some recipes: all that they are built, run or tested with, directly or not."""

from collections.abc import Iterable, Mapping

from controller.domain.recipes import Output, Section
from controller.planning.specs import name_of

_ASKED = (Section.BUILD, Section.HOST, Section.RUN)


def with_ancestors(outputs: Iterable[Output], recipes: Iterable[str]) -> frozenset[str]:
    """The recipes, and those that make what they need, to the last: whom an ``allowlist_file`` is for
    (conda_forge_tick.migrators.core, ``cut_graph_to_target_packages``).
    """
    makers, needs = dict[str, set[str]](), dict[str, set[str]]()
    for output in outputs:
        makers.setdefault(output.name, set()).add(output.recipe)
        asked = needs.setdefault(output.recipe, set())
        asked |= {requirement.name for requirement in output.in_section(*_ASKED)}
        asked |= {name_of(spec) for spec in output.test_requirements}
    return _closure(set(recipes), makers, needs)


def _closure(found: set[str], makers: Mapping[str, set[str]], needs: Mapping[str, set[str]]) -> frozenset[str]:
    waiting = list(found)
    while waiting:
        for name in needs.get(waiting.pop(), ()):
            new = makers.get(name, set()) - found
            found |= new
            waiting += new
    return frozenset(found)
