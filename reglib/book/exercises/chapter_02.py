"""Exercises of chapter 2."""

from __future__ import annotations

from reglib.book.exercises.task import Exercise

EXERCISES: tuple[Exercise, ...] = ()
