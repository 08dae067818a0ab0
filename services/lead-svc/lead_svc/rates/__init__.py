"""Exchange rates by day, for all services: entered by people and other systems, imported from files, corrected and taken back."""
