"""Reports of one decision: pure functions from the stored body to what a machine or a person reads."""

from gates.reports.canonical import json_report
from gates.reports.text import text_report

__all__ = ["json_report", "text_report"]
