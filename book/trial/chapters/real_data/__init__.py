"""The chapter on real data."""
