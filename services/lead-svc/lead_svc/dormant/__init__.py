"""Dormant leads: given up for want of an answer, and taken up again in bulk with the offer of a campaign."""
