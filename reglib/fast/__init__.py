"""The quick ways of what the taught core shows plainly; one contract test holds both equal."""
