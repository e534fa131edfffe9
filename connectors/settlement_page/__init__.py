"""The page a customer gets of a settlement: HTML that needs nothing else and prints well on A4."""
