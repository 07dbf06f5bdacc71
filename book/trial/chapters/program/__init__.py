"""The chapter on the program."""
