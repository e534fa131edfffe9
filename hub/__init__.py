"""The order hub: orders in over Kafka, settled to the cent, nothing lost and nothing doubled."""

__version__ = "0.1.0"
