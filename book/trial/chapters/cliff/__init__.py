"""The chapter on the cliff."""
