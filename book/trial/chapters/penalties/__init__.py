"""The chapter on the penalties."""
