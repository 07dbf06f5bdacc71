"""What is wrong with a run, from the losses, gradient norms and learning rates that it logged."""

from reglib.doctor.causes import CAUSES, Remedy
from reglib.doctor.diagnosis import Diagnosis, diagnose
from reglib.doctor.logs import Log, read_trace
from reglib.doctor.measures import Facts

__all__ = ["CAUSES", "Diagnosis", "Facts", "Log", "Remedy", "diagnose", "read_trace"]
