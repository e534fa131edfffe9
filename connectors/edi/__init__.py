"""What X12 and EDIFACT have in common: segments of elements of components, in envelopes that count them."""
