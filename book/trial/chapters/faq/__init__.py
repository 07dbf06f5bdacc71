"""The chapter on the questions."""
