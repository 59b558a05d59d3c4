"""The contracts with callers, subscribers and CRMs that report back, as files for readers and tools."""
