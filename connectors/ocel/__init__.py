"""The journal as an object-centric event log (OCEL 2.0, www.ocel-standard.org) for tools of process mining."""
