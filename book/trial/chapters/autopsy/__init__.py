"""The chapter on the listing, line by line."""
