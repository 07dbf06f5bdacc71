"""The chapter on one step."""
