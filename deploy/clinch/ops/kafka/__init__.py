"""Apache Kafka itself, without containers: fetched with Maven, run on loopback, for developers and for tests."""
