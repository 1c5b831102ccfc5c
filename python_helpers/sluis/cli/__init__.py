"""The front door: the ``sluis`` command, one file for each verb."""
