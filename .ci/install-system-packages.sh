#!/usr/bin/env bash
# usage: .ci/install-system-packages.sh
# What the checks need beyond npm, on a fresh Debian or Ubuntu machine: Prometheus with promtool,
# Alertmanager with amtool, Chromium for the pictures, docker-compose to validate the compose file, and
# Java with Maven for the Kafka broker of the tests. Only what is missing is installed, no service is
# started, and nothing is printed but what was done. Running it twice does nothing the second time.
set -euo pipefail

# program on the PATH -> package that brings it
wanted=(
  promtool:prometheus
  amtool:prometheus-alertmanager
  chromium:chromium
  docker-compose:docker-compose
  java:openjdk-17-jre-headless
  mvn:maven
)
missing=()
for pair in "${wanted[@]}"; do
  command -v "${pair%%:*}" > /dev/null 2>&1 || missing+=("${pair#*:}")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo 'system packages: all there'
  exit 0
fi
if ! command -v apt-get > /dev/null 2>&1; then
  echo "system packages: no apt-get here; please install: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi

# Packages of daemons start them on installation unless a policy says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" > /dev/null
  "${as_root[@]}" chmod +x "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
echo "system packages: installing ${missing[*]}"
log=$(mktemp)
if ! {
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}"
} > "$log" 2>&1; then
  tail -30 "$log" >&2
  echo 'system packages: the installation failed' >&2
  exit 1
fi
for pair in "${wanted[@]}"; do
  command -v "${pair%%:*}" > /dev/null 2>&1 || { echo "system packages: ${pair%%:*} is still missing" >&2; exit 1; }
done
echo 'system packages: done'
