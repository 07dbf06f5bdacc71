"""The chapter on transformers."""
