"""The scope: what gets signed about the data of one change."""
