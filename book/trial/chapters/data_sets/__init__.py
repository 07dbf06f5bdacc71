"""The chapter on the data sets."""
