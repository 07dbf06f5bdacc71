"""Exercises of the page on the defects of the listing."""

from __future__ import annotations

from reglib.book.exercises.task import Exercise

EXERCISES: tuple[Exercise, ...] = ()
