"""Snapshots: made on the managed host, proven elsewhere, judged on the controller."""
