"""What a task tells. A service names the events by its record, such as `deal.task_due`.

Their subject is the task, which has a version of its own; `part_of` names the record, whose owner has to do it. What it is for, somebody
may have said in their own words: that stays in the service.
"""

from datetime import datetime

from pydantic import BaseModel


class TaskData(BaseModel):
    """`kind` says what is to be done, `due_at` by when."""

    kind: str
    due_at: datetime


class TaskSet(TaskData):
    """There is something to do, or another time for it."""


class TaskDue(TaskData):
    """Its time has come, and it is still open. The time of this event is `due_at`."""


class TaskOverdue(TaskData):
    """It should have been done by now, and is still open. The time of this event is when that began to count."""


class TaskEscalated(TaskData):
    """It is overdue for so long that those above the owner are to know."""


class TaskDone(TaskData):
    """It was done: somebody did what it asks for."""


class TaskDropped(TaskData):
    """Nobody has to do it any more: its record is past it."""
