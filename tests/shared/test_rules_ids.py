from uuid import UUID

from asyncpg.pgproto import pgproto

from shared.ids import external_id, new_id


def test_an_id_is_of_the_type_that_the_driver_sends_without_converting_it() -> None:
    """pgproto.UUID is asyncpg's own class; what is built on here is that it is a UUID like any other, made of bytes."""
    for made in (new_id(), external_id("lead", "crm-1")):
        assert isinstance(made, UUID)
        assert type(made) is pgproto.UUID
        assert made == UUID(bytes=made.bytes)
        assert hash(made) == hash(UUID(bytes=made.bytes))
        assert pgproto.UUID(str(made)) == made
