"""A hub of one's own on this machine, to watch it at work: set up, looked at and taken down."""
