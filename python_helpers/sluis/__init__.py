"""Sluis: a change goes through only when it is proven restorable and signed.

This file stays empty of imports: parts of the package are shipped to managed
hosts by Ansible and must load there with the standard library alone.
"""

__version__ = "0.1.0"
