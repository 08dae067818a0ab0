"""What the request bodies of this service share."""

from shared.fields import Text, When
from shared.http.body import Body


class Act(Body):
    """Something that happened in the business."""

    at: When = None


NOW = Act()


class Because(Act):
    reason: Text
