"""The chapter on speed."""
