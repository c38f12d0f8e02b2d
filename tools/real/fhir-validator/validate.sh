#!/bin/sh
# Runs the FHIR R4 validator; arguments: see Main.java. tools/setup builds it first where that is needed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${XDG_CACHE_HOME:-$HOME/.cache}/modicum/fhir-validator
"$here/../../setup" fhir-validator

exec java -Xmx1g -XX:+UseSerialGC -Dfile.encoding=UTF-8 \
  -cp "$build/fhir-validator.jar:$build/lib/*" modicum.fhirvalidator.Main "$@"
