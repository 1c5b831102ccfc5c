"""A runbook at work: what the Ansible plugins of the roles call."""
