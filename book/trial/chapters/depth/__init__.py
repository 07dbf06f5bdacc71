"""The chapter on depth."""
