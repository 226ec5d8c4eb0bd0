"""Other people's systems on our cases, each in an environment of its own."""
