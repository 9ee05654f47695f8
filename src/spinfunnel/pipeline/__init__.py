"""One landscape from beginning to end: plan, explore, measure, compare with its nulls, judge."""
