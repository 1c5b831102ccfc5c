"""A small lab of real services on loopback, and the demo that is played in it.

Imports nothing of the tenant rooms, so that a mistake there cannot hide here.
"""
