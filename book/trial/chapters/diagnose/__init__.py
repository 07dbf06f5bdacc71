"""The chapter on the diagnosis of a run."""
