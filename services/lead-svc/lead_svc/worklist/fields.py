"""What there is to do about a lead."""

from enum import StrEnum


class LeadWork(StrEnum):
    """What is to be done about a lead."""

    FOLLOW_UP = "follow_up"
    FIRST_RESPONSE = "first_response"
    WAKE_UP = "wake_up"
    TO_DO = "to_do"
