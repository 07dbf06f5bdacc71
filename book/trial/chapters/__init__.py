"""A folder a chapter: its figures, its exercises, and what repeats a shown computation."""
