#!/usr/bin/env bash
# A real Tryton 8.0 beside the product: `server.sh DIR PORT [--prepare-only]`. Installed once from the package registry
# into DIR/venv, its database built once (half a minute) and copied for each start; the server runs as a process of its
# own, on loopback, until DIR/run-PORT/server.pid is ended. Tryton is GPL: it is spoken to over HTTP only, never imported.
set -euo pipefail
mkdir -p "$1"; DIR=$(cd "$1" && pwd); PORT=$2
exec 9>"$DIR/lock"; flock 9   # two test runs prepare it one after the other

if ! [ -f "$DIR/venv/.ready" ]; then
  echo "installing Tryton 8.0 into $DIR/venv ..." >&2
  rm -rf "$DIR/venv"
  "${PYTHON:-python3.11}" -m venv "$DIR/venv"
  "$DIR/venv/bin/pip" install --quiet --disable-pip-version-check 'trytond~=8.0.12' 'trytond-party~=8.0.4' \
    'trytond-sale~=8.0.5' 'trytond-sale-opportunity~=8.0.1' 'trytond-project~=8.0.4' >&2
  touch "$DIR/venv/.ready"
fi

configure() { # FOLDER
  printf '[database]\nuri = sqlite://\npath = %s\nlist = False\n[web]\nlisten = 127.0.0.1:%s\n[session]\nmax_attempt = 1000\n' "$1" "$PORT" > "$1/trytond.conf"
}

if ! [ -s "$DIR/template.sqlite" ]; then
  echo "building the Tryton database (half a minute) ..." >&2
  rm -rf "$DIR/build"; mkdir "$DIR/build"; configure "$DIR/build"
  printf 'yiju-demo-pass-1' > "$DIR/build/password"
  : > "$DIR/build/crm.sqlite"   # trytond-admin wants the file to exist
  TRYTONPASSFILE="$DIR/build/password" "$DIR/venv/bin/trytond-admin" -c "$DIR/build/trytond.conf" -d crm \
    -u sale_opportunity sale project --activate-dependencies --email admin@example.test -p >"$DIR/build/log" 2>&1 \
    || { cat "$DIR/build/log" >&2; exit 1; }
  mv "$DIR/build/crm.sqlite" "$DIR/template.sqlite"
fi
[ "${3:-}" = --prepare-only ] && exit 0

RUN="$DIR/run-$PORT"; mkdir -p "$RUN"; configure "$RUN"
[ "${3:-}" = --keep ] && [ -s "$RUN/crm.sqlite" ] || { rm -f "$RUN"/crm.sqlite*; cp "$DIR/template.sqlite" "$RUN/crm.sqlite"; }
flock -u 9
# -d: without it the first sign-in fails because the database's models are not loaded yet
"$DIR/venv/bin/trytond" -c "$RUN/trytond.conf" -d crm >"$RUN/log" 2>&1 9>&- & PID=$!
echo "$PID" > "$RUN/server.pid"
for _ in $(seq 600); do
  kill -0 "$PID" 2>/dev/null || { cat "$RUN/log" >&2; exit 1; }
  if curl -sf -o /dev/null -X POST -H 'content-type: application/json' \
    -d '{"id":1,"method":"common.server.version","params":[]}' "http://127.0.0.1:$PORT/rpc/"; then exit 0; fi
  sleep 0.1
done
kill "$PID"; echo "Tryton did not answer within a minute; see $RUN/log" >&2; exit 1
