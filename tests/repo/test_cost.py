"""What a step bought is measured on pages that differ in that step alone."""

import io

import pytest
from PIL import Image

from benchmarks import cost

FORMULA = (
    '<span class="katex"><span class="katex-mathml"><math><annotation>a &lt; b</annotation></math>'
    '</span><span class="katex-html">a &lt; b</span></span>'
)


def test_a_page_for_mathjax_holds_its_formulas_as_tex():
    html = f"<html><head><script>'KaTeX_Main'</script></head><p>If {FORMULA}.</p></html>"
    page = cost.mathjax(html)
    assert r"<p>If \(a &lt; b\).</p>" in page
    assert "KaTeX" not in page and page.count("<script") == page.count("tex-mml-chtml.js") == 1


def test_a_page_with_its_pictures_inside_asks_for_none(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "HTML", tmp_path)
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.webp").write_bytes(b"bytes")
    html = '<img src="../_images/a.webp"><script>{"frames":["../_images/a.webp"]}</script>'
    assert cost.embedded(html).count("data:image/webp;base64,Ynl0ZXM=") == 2


def test_a_png_has_the_pixels_of_the_picture():
    webp = io.BytesIO()
    Image.effect_noise((20, 20), 50).convert("RGB").save(webp, "webp", lossless=True)
    png = Image.open(io.BytesIO(cost.as_png("a.webp", webp.getvalue())))
    assert png.format == "PNG" and png.tobytes() == Image.open(webp).tobytes()
    assert cost.as_png("a.css", b"words") == b"words"


@pytest.mark.parametrize("step", list(cost.STEPS)[1:])
def test_a_step_changes_only_what_it_names(step):
    assert cost.STEPS[step]("a.woff2", b"font") == b"font"
    page = cost.STEPS[step]("a.html", f'<head></head>{FORMULA}<img loading="lazy">'.encode())
    touches = not step.startswith(("PNG", "every", "pictures and"))
    assert (page.decode() != f'<head></head>{FORMULA}<img loading="lazy">') == touches
