"""Labels name the numbers of exercises and theorems, and a second build has nothing to write."""

import io

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

EXERCISE = """
# {title}

```{{exercise}} Stand still
:label: ex-{chapter}-1

Do nothing; {{numref}}`ex-{other}-1` does more.
```

$$
1 + 1
$$ (eq-{chapter}-1)

Not as in {{eq}}`eq-{other}-1`.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    extensions = ["myst_parser", "sphinx_exercise", "trial.sphinx.numbers"]
    settings = (
        f"extensions = {extensions}\nnumfig = True\nmyst_enable_extensions = ['dollarmath']\n"
    )
    (folder / "conf.py").write_text(settings)
    (folder / "index.md").write_text("# Book\n\n```{toctree}\nsteps\ndepth\n```\n")
    for name, chapter, other in (("steps", 3, 7), ("depth", 7, 3)):
        page = EXERCISE.format(title=name.title(), chapter=chapter, other=other)
        (folder / f"{name}.md").write_text(page)
    return folder


def build(folder):
    """One build, as a command would start it; returns the pages that it wrote."""
    said, out = io.StringIO(), folder / "out"
    with patch_docutils(), docutils_namespace():
        where = (folder, folder, out, folder / "trees", "html")
        app = Sphinx(*where, status=said, warning=io.StringIO(), freshenv=False)
        app.build()
    return {page for page in ("index", "steps", "depth") if f"] {page}" in plain(said.getvalue())}


def plain(text):
    """Without colors."""
    return text.replace("\x1b[32m", "").replace("\x1b[39;49;00m", "")


def test_a_second_build_writes_no_page_and_the_numbers_are_those_of_the_labels(folder):
    assert build(folder) == {"index", "steps", "depth"}
    assert build(folder) == set()
    for page, own, other in (("steps", "3.1", "7.1"), ("depth", "7.1", "3.1")):
        html = (folder / "out" / f"{page}.html").read_text()
        assert f"Exercise {own}" in html and f"Exercise {other}" in html
        assert f">({own})<" in html and f">({other})</a>" in html  # an equation, and a link to one
    with (folder / "steps.md").open("a") as page:
        page.write("\nMore.\n")
    assert build(folder) == {"index", "steps"}  # and the page above it, as always in Sphinx
