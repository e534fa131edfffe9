"""Whether all is well with a hub and the Kafka it works on, and what to do where it is not."""
