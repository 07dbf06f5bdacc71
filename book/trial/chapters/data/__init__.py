"""The chapter on better data."""
