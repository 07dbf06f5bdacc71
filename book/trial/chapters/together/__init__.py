"""The chapter on all together."""
