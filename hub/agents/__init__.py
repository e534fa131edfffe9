"""The hub's Faust agents: thin, they wire the domain to the runtime."""
