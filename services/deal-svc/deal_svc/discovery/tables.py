"""SPIN entries, the buying committee and proposals: parts of a deal, written under its lock."""

from sqlalchemy import CheckConstraint, Index

from deal_svc.discovery.record import Member, Proposal, SpinEntry
from deal_svc.metadata import metadata
from shared.db.record import table

SPIN_ENTRY = table("spin_entry", metadata, SpinEntry, Index(None, "deal_id", "part"))
MEMBER = table("committee_member", metadata, Member, Index("ix_committee_member_contact", "contact_id"), key=("deal_id", "contact_id"))
PROPOSAL = table("proposal", metadata, Proposal, CheckConstraint("number > 0", "number"), key=("deal_id", "number"))
