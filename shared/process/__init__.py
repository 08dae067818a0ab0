"""How a service runs: its wiring, settings, command line, worker, health, and figures about itself."""
