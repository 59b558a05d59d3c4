"""The least that a function app can do to store and publish a lead: the app is compared with it."""
