"""A distributor that serves the REST provider contract, for tests and for partners who write a connector."""
