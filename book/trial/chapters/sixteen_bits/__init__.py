"""The chapter on sixteen bits, and on the order of what a training loop does."""
