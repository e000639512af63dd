"""Drafts a migration against a scratch PostgreSQL: `make migration m="what it does"`."""

import sys

from support.databases import postgresql_server

from models.migrations.__main__ import main

if __name__ == "__main__":
    message = " ".join(sys.argv[1:]).strip()
    if not message:
        sys.exit('Say what it does: make migration m="Record when an agreement was deactivated"')
    with postgresql_server() as url:
        main(url.replace("postgresql://", "postgresql+psycopg://"), message)
