"""The Python of the book *Regularization on Trial*: its pages, its figures, its build.

`page` is what every notebook imports from, `chapters` holds a folder a chapter, `press` executes,
prints and packs, `sphinx` is the extension that dresses the pages. The mathematics is in `reglib`.
"""

__version__ = "0.1.0"
