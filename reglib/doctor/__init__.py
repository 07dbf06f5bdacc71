"""What is wrong with a run, from the log that its trainer wrote; the standard library alone."""

from reglib.doctor.causes import CAUSES, Remedy
from reglib.doctor.log import Log, read_log
from reglib.doctor.report import Report, diagnose

__all__ = ["CAUSES", "Log", "Remedy", "Report", "diagnose", "read_log"]
