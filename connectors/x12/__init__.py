"""X12, as North American trading partners write it: 850 and 860 in; 997, 855, 856 and 810 out."""
