"""Makes the data files of `shared/enrichment/data` from published data and from our own lists."""
