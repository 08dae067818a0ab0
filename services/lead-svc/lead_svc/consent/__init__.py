"""Consent: what a person allows us to do, and what they have withdrawn, under whatever record they are captured."""
