"""One entity, read and changed by itself: past the session, in two trips to the database.

A session locks the row, reads it, and writes its changes, their audit event and the search index one after
the other. Most mutations change one entity and nothing else. For them the row is read without a lock, and
everything is written at once, if the entity still has the revision that was read. What is written is the
same: the model checks, and `History` says what follows.

On PostgreSQL that is one statement, on a connection `AtHand`. On SQLite the changes of all who wait for
their turn to write are committed `Together`.
"""
