"""The chapter on the order of clip and decay."""
