"""A company to watch the hub at work with: its customers, their orders, and departments that answer.

Everything here is outside the hub: it talks to it through topics only, from processes of its own.
"""
