"""The order administrator's judgement as pure functions: no I/O, no clock, no randomness."""
