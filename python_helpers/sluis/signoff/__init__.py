"""Sign-off and waiver: what the client was shown, and what they answered."""
