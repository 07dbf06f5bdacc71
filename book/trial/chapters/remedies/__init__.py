"""The chapter on the remedies."""
