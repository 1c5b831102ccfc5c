"""Read-only checks after a change: is the service up, and does it answer as agreed?

Standard library only and Python 3.8 syntax: this room runs on managed hosts.
"""
