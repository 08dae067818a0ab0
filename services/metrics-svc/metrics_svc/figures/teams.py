"""Which teams a question about a team is about: that team, and those below it."""

from dataclasses import replace
from uuid import UUID

from metrics_svc.figures.question import Question
from shared.db.tx import Reader

_BELOW = """
SELECT DISTINCT team FROM roster, unnest(team_path) WITH ORDINALITY AS path(team, place)
WHERE $1::uuid = ANY(team_path) AND place > array_position(team_path, $1::uuid)
"""
"""People who left stay in the roster, so a team whose people are all gone is still known."""


async def with_teams_below(db: Reader, asked: Question) -> Question:
    team = asked.filters.get("team")
    if not team:
        return asked
    below = [str(row["team"]) for row in await db.rows(_BELOW, UUID(team))]
    return replace(asked, teams=(team, *below))
