"""Which log is behind the services: remembered with the data, carried over to another one, made again from the databases."""
