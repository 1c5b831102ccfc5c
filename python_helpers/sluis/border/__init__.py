"""The border between controller and managed hosts: what crosses it has a type and bounds."""
