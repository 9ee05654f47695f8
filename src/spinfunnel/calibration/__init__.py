"""Calibration: how well measures tell labelled landscapes apart, the thresholds of the verdict, how often it is right.

`FAMILIES` are the labelled landscapes, `collect` measures samples of them, `fit` chooses thresholds, `left_out` judges
each family with thresholds fitted without it, and `calibrate` does all of it.
"""

from spinfunnel.calibration.families import FAMILIES, LABELS, SCANS, SIZES, SLOPES, WEIGHTS, Family, Label
from spinfunnel.calibration.fitting import COST, RULES, Judged, Rule, accuracy, fit, judged, left_out
from spinfunnel.calibration.labelled import (
    COMPARABLE,
    Sample,
    Task,
    collect,
    measure_one,
    read_samples,
    write_samples,
)
from spinfunnel.calibration.outcome_table import Calibration, calibrate, concluded, plan
from spinfunnel.calibration.result_tables import markdown
from spinfunnel.calibration.scans import Crossing, Difference, crossing, difference
from spinfunnel.calibration.separation import PAIRS, Separation, area, separate

__all__ = [
    "COMPARABLE",
    "COST",
    "FAMILIES",
    "LABELS",
    "PAIRS",
    "RULES",
    "SCANS",
    "SIZES",
    "SLOPES",
    "WEIGHTS",
    "Calibration",
    "Crossing",
    "Difference",
    "Family",
    "Judged",
    "Label",
    "Rule",
    "Sample",
    "Separation",
    "Task",
    "accuracy",
    "area",
    "calibrate",
    "collect",
    "concluded",
    "crossing",
    "difference",
    "fit",
    "judged",
    "left_out",
    "markdown",
    "measure_one",
    "plan",
    "read_samples",
    "separate",
    "write_samples",
]
