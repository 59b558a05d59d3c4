"""Facts derived from what a lead carries: pure, bundled data, no network. Absent beats wrong."""
