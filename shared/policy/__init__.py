"""The commercial team's one file: `policy.toml`, and what it may say."""
