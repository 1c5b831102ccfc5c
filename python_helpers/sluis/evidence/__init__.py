"""Signed statements in a chain, and the objects they speak of."""
