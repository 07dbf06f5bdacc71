"""The chapter on step sizes."""
