"""The plan: a document, its digest, its words."""
