"""The notebook as a person has it: a real Jupyter, a real Chromium, and clips that have to play."""
