"""What an order does with each event: one module per subject, all working on a `Turn`."""
