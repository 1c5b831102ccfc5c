"""A first day with machines of one's own: nothing here is shared with the lab."""
