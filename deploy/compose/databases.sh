#!/bin/sh
# Runs once, on an empty volume: a database and a user for each service, with rights on its own database only.
set -eu

create() {
  psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres -v service="$1" -v password="$2" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
}

create lead "$LEAD_DB_PASSWORD"
create deal "$DEAL_DB_PASSWORD"
create contract "$CONTRACT_DB_PASSWORD"
create metrics "$METRICS_DB_PASSWORD"
psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres -c 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
