"""Every page in a real browser, light and dark, wide and narrow: no visit finds a fault."""

import pytest

from . import visit
from .test_files import PAGES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("view", visit.VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
@pytest.mark.parametrize("name", [name for name in PAGES if name != "index.html"])
def test_a_page_has_no_fault(faults, name, view):
    assert faults[name].result()[view] == []
