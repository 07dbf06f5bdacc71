"""The chapter on building it."""
