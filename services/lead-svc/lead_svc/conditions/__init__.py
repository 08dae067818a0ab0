"""Conditions on a lead, as policy writes them: one vocabulary for scoring, assignment and automation."""
