"""``%kling doctor``: what this machine, this folder and these accounts are like, and how to mend what is not right.

No check raises, each has a time limit, and none shows a key. Facts about the notebook's shell come in with the lab;
nothing here knows IPython.
"""

from kling_nb.doctor.asked import Asked, asked
from kling_nb.doctor.examine import Report, Visit, examine
from kling_nb.doctor.load import Load, measure

__all__ = ["Asked", "Load", "Report", "Visit", "asked", "examine", "measure"]
