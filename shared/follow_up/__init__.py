"""The promise to call back: deadline, alarms, follow-up reports."""
