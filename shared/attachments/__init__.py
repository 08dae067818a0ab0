"""Files that people attach to records: kept in the service's database, sent as they came, never shown by a browser by themselves."""
