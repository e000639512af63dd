"""Random operations, run with plans and by graphql-core alone: the answers must not differ."""
