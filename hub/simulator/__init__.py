"""Everything around a hub, played: a company's customers, their orders, and departments that answer.

It is outside the hub and talks to it through topics only. What is said is a function of the seed and of what arrives;
only the times are those of the clock.
"""
