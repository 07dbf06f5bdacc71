"""What holds for every pytest run: the unit tests, the notebooks and the built pages.

A skipped test proves nothing, so each skip is printed, and one whose reason is not in ALLOWED
fails the run. An expected failure counts as a skip.
"""

import os

import pytest

# The interactive figures then leave out their widget view, whose identifiers are random.
os.environ["REGLIB_STATIC"] = "1"

# Reason -> whether it is allowed on this machine.
ALLOWED = {
    # A reader's machine may have no browser; in CI it is installed and the pages must be looked at.
    "no Chromium found": not os.environ.get("CI"),
    # A slow test validates the EPUB, once it is packed, where Debian's epubcheck is installed.
    "no epubcheck found": True,
    # Five frameworks are gigabytes; what they did is recorded, and a test compares the page.
    "no frameworks installed": True,
    # A slow test runs the programs for PyTorch and others that chapters end with.
    "no framework found": True,
    # What the allocator of another C library keeps is not ours to say.
    "no glibc": True,
}


def _reason(report) -> str:
    if hasattr(report, "wasxfail"):
        return f"expected failure: {report.wasxfail}"
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped").lstrip(": ")


def _skips(reporter) -> list[tuple[str, str]]:
    """Test and reason of everything that was not run, or was run and not counted."""
    stats = reporter.stats
    reports = stats.get("skipped", []) + stats.get("xfailed", []) + stats.get("xpassed", [])
    return [(report.nodeid, _reason(report)) for report in reports]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    """Fail a run that would have passed with a skip that nobody allowed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return  # one of several workers: the process that started them sees every report
    unlisted = [reason for _, reason in _skips(reporter) if not ALLOWED.get(reason)]
    if unlisted and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    """Print each skip with its reason."""
    skips = _skips(terminalreporter)
    if skips:
        terminalreporter.section("skips")
    for nodeid, reason in skips:
        verdict = "allowed" if ALLOWED.get(reason) else "NOT ALLOWED, so this run fails"
        terminalreporter.line(f"{nodeid}: {reason or 'no reason'} ({verdict})")
