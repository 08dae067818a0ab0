"""The sales stages as figures see them (domain-model §3), and how long a deal may rest in each."""

STAGES = ("discovery", "proposal", "negotiation", "closing")
_PLACE = {stage: place for place, stage in enumerate(STAGES)}
WON = len(STAGES)
"""The place of a won deal: beyond every stage."""

EXITS = ("advance", "skip", "back", "lost", "won")
"""How a stage can be left. `advance`, `skip` and `won` go forward."""

STALLED_AFTER_DAYS = {"discovery": 14, "proposal": 14, "negotiation": 21, "closing": 30}
"""K42: an open deal that nothing happened to for longer is stalled."""


def place(stage: str) -> int:
    """Where the stage stands in the path; one that figures do not know yet counts as the first."""
    return _PLACE.get(stage, 0)
