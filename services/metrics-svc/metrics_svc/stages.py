"""The sales stages as figures see them, in their order."""

STAGES = ("discovery", "proposal", "negotiation", "closing")
_PLACE = {stage: place for place, stage in enumerate(STAGES)}
WON = len(STAGES)
"""The place of a won deal: beyond every stage."""

UNKNOWN = -1
"""The place of a stage that this release does not know: a deal there has reached no step but its opening."""

FUNNEL_STAGES = ("proposal", "negotiation", "closing")
"""The stages that are steps of the funnel, F5 to F7."""

EXITS = ("advance", "skip", "back", "lost", "won")
"""How a stage can be left. `advance`, `skip` and `won` go forward."""


def place(stage: str) -> int:
    """Where the stage stands in the path."""
    return _PLACE.get(stage, UNKNOWN)
