"""Every operation keeps what its OpenAPI document says, whatever is sent to it: no 5xx, no undocumented answer, nothing wrong taken.

`make faults` does this with random requests and chains of them as well, and to the lists with their many parameters.
"""

from tests.api.hosted import Hosted
from tests.api.promises import findings

OUT_OF_REACH = (
    "/drop", "/redrive",  # nothing is parked
    "/v1/imports/leads", "/v1/imports/deals",  # take a file, and columns named as in it
    "/attachments",  # take a file that is what its name says
    "/nurture",  # until a day that is in the future on the test's clock
    "POST /v1/policies/{policy}/versions",  # takes a document of the service
    "/versions/{number}/approve", "/versions/{number}/activate",  # of a policy: one waits for the other
    "/simulation", "/simulation/records",  # not every document has one
    *(f"/p/quotes/{{secret}}{part}" for part in ("", "/document", "/viewed", "/accept", "/decline")),  # no request can guess a secret
    "/v1/team/people/me",  # the caller of all is nobody's colleague
)  # fmt: skip
"""Operations that no generated request can be right for; each has tests of its own."""


def test_answers_are_as_documented(hosted: Hosted) -> None:
    found, operations = findings(hosted, phases={"coverage"}, lists=False)
    assert not found.broken, "\n\n".join([f"{len(found.broken)} broken promises:", *found.broken.values()])
    assert found.asked.keys() == operations
    unmet = {operation for operation in operations - found.accepted if not operation.endswith(OUT_OF_REACH)}
    assert not unmet, f"never accepted: {', '.join(sorted(unmet))}"
