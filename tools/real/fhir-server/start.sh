#!/bin/sh
# Runs the FHIR server that the tests put before the gate, in the foreground; SIGTERM ends it.
# tools/setup builds it first where that is needed.
#
# FHIR_HEAP   Java heap            (default: 1g)
# FHIR_PORT, FHIR_DATA, FHIR_BASE, FHIR_MAX_PAGE, FHIR_JOBS, FHIR_MISSING: see Main.java
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${XDG_CACHE_HOME:-$HOME/.cache}/modicum/fhir-server
"$here/../../setup" fhir-server

# The first compiler tier and the serial collector start in less than half the time, and tests are short.
exec java "-Xmx${FHIR_HEAP:-1g}" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8 \
  -cp "$build/fhir-server.jar:$build/lib/*" modicum.fhirserver.Main
