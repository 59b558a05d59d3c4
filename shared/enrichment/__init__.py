"""Derive facts from a lead's contact details: pure, from bundled data, no network. Absent beats wrong."""
