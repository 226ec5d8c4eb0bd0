"""Load and crashes: a stub platform, encrypted callbacks at a steady rate, and a server that is killed on purpose."""
