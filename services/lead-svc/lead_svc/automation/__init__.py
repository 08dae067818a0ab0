"""Automation: what is done by rule when something happens to a lead."""
