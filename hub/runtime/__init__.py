"""The transactional runtime: partition batches in Faust agents, exactly once in effect. It knows nothing of orders.

The way of a record: `reader` (fetched from Kafka, in batches) -> `transport` (as Faust's messages) -> Faust agent
(`worker`) -> `inbox` -> `partition` (a `Work` per transaction, given to the agent's `Handler`) -> `producer` (one
Kafka transaction: outputs, changelog, applied offsets) -> `store` (RocksDB) -> acknowledgement. `recovery` rebuilds
the store, `poison` finds records that kill, `meter` counts.
"""
