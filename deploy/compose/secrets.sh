#!/bin/sh
# Draws every secret of compose.yaml once, into deploy/compose/secrets; what is there already stays.
# The folder is closed; the files in it are readable, because each is mounted for a user of its container.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
draw() { head -c 48 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }
keep() { [ -s "secrets/$1" ] || printf '%s' "$2" > "secrets/$1"; chmod 644 "secrets/$1"; }

for name in secret_key superuser_password owner_password app_password backup_password cache_password broker_password; do
  keep "$name" "$(draw)"
done
said() { cat "secrets/$1"; }
keep owner_database_url "postgresql://stella_owner:$(said owner_password)@database/stella"
keep database_url "postgresql://stella_app:$(said app_password)@database/stella"
keep cache_url "redis://:$(said cache_password)@cache:6379/0"
keep broker_url "redis://:$(said broker_password)@broker:6379/0"
