"""The commercial team's one file, `policy.toml`, and its schema."""
