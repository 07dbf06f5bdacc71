"""What every notebook imports from: claims, exercises, questions, figures, tables, listings."""

from trial.page import apart, style
from trial.page.claims import claim, dated, ledger
from trial.page.evidence import budget, counts, interval, window
from trial.page.exercises import check
from trial.page.interactive import explore
from trial.page.quizzes import question, quiz, verdict
from trial.page.style import new_figure, say, show, show_source, table, use

__all__ = [
    "apart",
    "budget",
    "check",
    "claim",
    "counts",
    "dated",
    "explore",
    "interval",
    "ledger",
    "new_figure",
    "question",
    "quiz",
    "say",
    "show",
    "show_source",
    "style",
    "table",
    "use",
    "verdict",
    "window",
]
