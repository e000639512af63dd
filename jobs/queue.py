"""Hands work to the job engine in the caller's own transaction."""

import asyncio
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession

from jobs import system

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions


class JobQueue:
    """The way in: needs no running engine, and loads the engine's library at first use only."""

    def __init__(self, url: str | URL) -> None:
        self._url = url
        self._client: DBOSClient | None = None
        self._opening = Lock()

    async def enqueue(
        self, session: AsyncSession, work: str, work_id: str, arguments: Mapping[str, str]
    ) -> None:
        """Enqueue the work: it is there when the session commits, and not otherwise.

        Args:
            session: A session on the same database.
            work: The workflow's name.
            work_id: Its identity; an id that was enqueued before is not enqueued again.
            arguments: The workflow's keyword arguments; stored in clear.
        """
        # The first time this loads the engine's library: for a second, which the event loop can use better.
        client = self._client or await asyncio.to_thread(self._open)
        options: EnqueueOptions = {
            "workflow_name": work,
            "workflow_id": work_id,
            "queue_name": system.queue_of(work),
            "app_version": system.APP_VERSION,
        }
        connection = await session.connection()
        await connection.run_sync(
            lambda sync: client.enqueue_in_transaction(sync, options, **arguments)  # pyright: ignore[reportUnknownMemberType, reportUnknownLambdaType]  # a workflow may take anything
        )

    def close(self) -> None:
        if self._client is not None:
            self._client.destroy()
            self._client = None

    def _open(self) -> "DBOSClient":
        with self._opening:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> "DBOSClient":
        system.quiet()
        from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415  # a second of imports

        return DBOSClient(
            system_database_url=system.system_url(self._url).render_as_string(hide_password=False),
            dbos_system_schema=system.SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=system.APP_NAME,
            lazy=True,  # it is only ever given connections of the application's
        )
