"""The report of a run: one HTML file that stands alone."""

from sim2real.report.write import write_report

__all__ = ["write_report"]
