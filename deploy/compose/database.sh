#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume.
set -eu
psql --username postgres --dbname postgres \
  --set "owner_password=$(cat /run/secrets/owner_password)" \
  --set "app_password=$(cat /run/secrets/app_password)" \
  --set "backup_password=$(cat /run/secrets/backup_password)" \
  --file /usr/share/stella/database.sql
