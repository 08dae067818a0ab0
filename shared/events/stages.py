"""The open stages of a deal, each declared once: its name, and what figures and the policy make of it.

From these follow the order of stages, the steps of the funnel between the opening of a deal and its win, what figures say of each stage,
and the numbers of the policy. deal-svc says what a deal needs to enter one.
"""

from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class DealStage:
    """`step`: whether it is a step of the funnel. `title` and `title_zh` name it, `probability` and `rest_days` are what the policy begins
    with: how likely a deal there is won, in percent, and after how many quiet days it is stalled.
    """

    name: str
    title: str
    title_zh: str
    probability: int
    rest_days: int
    step: bool = True


STAGES = (
    DealStage("discovery", "Discovery", "需求挖掘", 20, 14, step=False),
    DealStage("proposal", "Proposal", "方案提案", 50, 14),
    DealStage("negotiation", "Negotiation", "商务谈判", 75, 21),
    DealStage("closing", "Closing", "签约推进", 90, 30),
)
ORDER = [stage.name for stage in STAGES]


class Staged(BaseModel):
    """An event that tells a stage. `stage_order` names the open stages in their order, as its teller has them.

    By it a reader that does not know the stage yet sees how far the deal is. Older events do not tell it.
    """

    stage_order: list[str] = []
