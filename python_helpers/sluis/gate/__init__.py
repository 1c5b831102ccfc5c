"""The gate: one pure function and its rules."""
