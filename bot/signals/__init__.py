"""What happens around customers: gathered, scored, and told to their owners as proposals."""
