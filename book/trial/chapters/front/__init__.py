"""The chapter on the first page."""
