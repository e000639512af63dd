"""The job engine's own way into the database: what it opens, it closes."""

from sqlalchemy import Connection, event, text

from jobs import system


async def test_what_a_thread_returns_late_or_takes_anew_is_closed_as_well(
    database_url: str,
):
    engine = system.system_engine(database_url)
    opened, closed = [], []
    event.listen(engine, "connect", lambda connection, _: opened.append(connection))
    event.listen(engine, "close", lambda connection, _: closed.append(connection))

    def look() -> Connection:
        connection = engine.connect()
        connection.execute(text("SELECT 1"))
        return connection

    late = look()
    look().close()
    await system.close(engine)
    assert len(closed) == len(opened) - 1

    late.close()
    look().close()

    assert len(opened) == 3
    assert {*map(id, closed)} == {*map(id, opened)}
