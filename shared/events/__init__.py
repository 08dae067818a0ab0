"""The event contract: what the services tell each other and everyone else. One module per publishing service."""
