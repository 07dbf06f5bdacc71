"""Exercises of the page on conventions across libraries."""

from __future__ import annotations

from reglib.book.exercises.task import Exercise

EXERCISES: tuple[Exercise, ...] = ()
