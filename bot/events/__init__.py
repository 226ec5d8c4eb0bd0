"""What other systems report comes in here, and becomes a card, a word in chat, or a line in the history."""
