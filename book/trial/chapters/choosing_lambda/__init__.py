"""The chapter on which lambda."""
