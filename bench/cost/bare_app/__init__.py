"""The least that a function app can do to keep and publish a lead: what the app is measured beside."""
