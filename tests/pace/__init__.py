"""Tests of when to ask next, on virtual clocks."""
