"""Emulators of Azure services for a developer's machine: not the product."""
