"""What the hub answers over HTTP: a worker's pages, the schema registry, the intake of events."""
