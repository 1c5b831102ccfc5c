"""What a dossier amounts to: the outcome of a change, computed from its ledger."""
