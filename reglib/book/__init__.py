"""What only a page of the book needs: claims, figures, interactive figures, tables, listings."""
