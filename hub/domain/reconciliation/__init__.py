"""Reconciliation: every difference between what was ordered, delivered, settled, paid, and stated by others, explained.

Pure. `reconcile` takes one order, `match_remittances` one customer's payments; nothing here knows where they come from.
"""
