"""The questions that a managed host can be asked, one file for each module."""
