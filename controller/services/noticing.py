"""What a plan says beside its members: pins that stay behind, and migrations that are in doubt."""

from dataclasses import replace

from controller.domain.plans import Plan
from controller.gateways.pin_tables import pin_tables
from controller.planning.migration_notices import migration_notices
from controller.planning.notices import pin_notices
from controller.services.farm import Farm
from controller.services.trees import Standing


def with_notices(farm: Farm, standing: Standing, plan: Plan) -> Plan:
    """The plan with the notices of all trees that it is made on."""
    found = []
    for checkout in standing.checkouts.values():
        tables, broken = pin_tables(checkout, farm.rules.subdirs)
        found += [*broken, *pin_notices(plan.decision, tables), *migration_notices(tables)]
    return replace(plan, notices=tuple(dict.fromkeys(found)))
