"""A make-believe Microsoft 365 tenant to practise a migration on.

Imports nothing of ``sluis.graph`` or ``sluis.tenant``: a mistake there must not hide here.
"""
