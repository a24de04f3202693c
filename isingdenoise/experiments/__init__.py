"""Experiments as tidy records: engines side by side, and the examples of the lecture."""

from .bounds import Sandwich, sandwich
from .comparison import REFUSED, Comparison, compare, compare_levels, label_of
from .course import Course
from .summary import summarise, to_csv

__all__ = [
    "REFUSED",
    "Comparison",
    "Course",
    "Sandwich",
    "compare",
    "compare_levels",
    "label_of",
    "sandwich",
    "summarise",
    "to_csv",
]
