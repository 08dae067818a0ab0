"""Nobody gets what they may not see, and everybody what they may: a company of every role, asked by every read there is."""

from collections.abc import Sequence
from random import Random

import pytest

from clinch.run.postgres import Postgres
from tests.isolation import exports, feed, figures, masked, moves, offices, records, searching
from tests.isolation.asking import Asker
from tests.isolation.learning import learn
from tests.isolation.routes import Route, routes, unknown
from tests.isolation.world import World, settled, world_at_work


async def test_everybody_gets_what_they_may_see_and_nothing_else(postgres: Postgres) -> None:
    """In one test: to make the company takes seconds, and all questions are asked of the same one."""
    async with world_at_work(postgres) as world:
        asker, found = Asker(world), routes(world.svc)
        assert unknown(found) == [], "say in routes.py whose these are"
        wrong = await as_it_is(world, asker, found)
    assert not wrong, told(wrong)


@pytest.mark.parametrize("seed", [0, 1])
async def test_so_they_do_when_others_own_things_and_people_are_in_other_teams(postgres: Postgres, seed: int) -> None:
    async with world_at_work(postgres) as world:
        wrong = await after_changes(world, Asker(world), seed)
    assert not wrong, told(wrong)


def told(wrong: Sequence[str]) -> str:
    return f"{len(wrong)} answers:\n" + "\n".join(wrong[:200])


async def as_it_is(world: World, asker: Asker, found: Sequence[Route]) -> list[str]:
    imports = await offices.imported(asker)
    await settled(world)
    known = await learn(asker)
    return [
        *await records.lists(asker, known),
        *await records.singles(asker, known, found),
        *await records.filters(asker, known, found),
        *await records.searches(asker, known, found),
        *await searching.over_all(asker, known),
        *await feed.polled(asker, known),
        *await feed.streamed(asker, known),
        *await masked.masked(asker, known, found),
        *await masked.never_read(asker, found),
        *await figures.figures(asker, known),
        *await exports.exports(asker, known),
        *await offices.offices(asker, found, imports),
        *await offices.for_all(asker, found),
        *await offices.me(asker),
        *await offices.nobody(asker, found),
        *await offices.unseen_is_not_changed(asker, known),
    ]


async def after_changes(world: World, asker: Asker, seed: int) -> list[str]:
    """What everybody sees by who owns things and leads teams then."""
    await settled(world)
    moved = await moves.move(world, await learn(asker), Random(seed), 12)
    await settled(world)
    known = await learn(asker)
    wrong = [*await records.lists(asker, known), *await feed.polled(asker, known)]
    return [f"{text}, after {', '.join(moved)}" for text in wrong]
