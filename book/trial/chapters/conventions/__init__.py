"""The chapter on the conventions of other libraries."""
