"""Where leads are kept: Azure Table Storage, and its twin in memory."""
