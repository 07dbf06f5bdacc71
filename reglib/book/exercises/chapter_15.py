"""Exercises of chapter 15."""

from __future__ import annotations

from reglib.book.exercises.task import Exercise

EXERCISES: tuple[Exercise, ...] = ()
