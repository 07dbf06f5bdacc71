"""The chapter on the two explosions."""
