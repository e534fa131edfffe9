"""What pm4py says of a log, as JSON: run by the Python of `.hub/mining`, which has it.

Arguments: the log as SQLite and as JSON.
"""

import json
import sys
from typing import Any

import pm4py
from pm4py.objects.ocel.validation import ocel20_rel_validation


def said(log: Any) -> dict[str, Any]:
    """What it found in a log."""
    changes = log.object_changes
    return {
        "events": len(log.events),
        "objects": len(log.objects),
        "relations": sorted(map(list, log.relations[["ocel:eid", "ocel:oid", "ocel:qualifier"]].values)),
        "object_relations": sorted(map(list, log.o2o[["ocel:oid", "ocel:oid_2", "ocel:qualifier"]].values)),
        "changes": sorted(
            [row["ocel:oid"], row["ocel:field"], row["ocel:timestamp"].isoformat()] for _, row in changes.iterrows()
        ),
        "activities": sorted(log.events["ocel:activity"].unique()),
        "types": sorted(pm4py.ocel_get_object_types(log)),
    }


database, document = sys.argv[1:]
satisfied, violated = ocel20_rel_validation.apply(database)
flow = pm4py.discover_ocdfg(pm4py.read_ocel2_json(document))
found = {
    "satisfied": len(satisfied),
    "violated": violated,
    "database": said(pm4py.read_ocel2_sqlite(database)),
    "follow_placing": sorted(to for of, to in flow["edges"]["event_couples"]["order"] if of == "order placed"),
    "document": said(pm4py.read_ocel2_json(document)),
}
print(json.dumps(found), file=sys.stderr)  # noqa: T201 - the standard output is pm4py's
