#!/usr/bin/env bash
# Asks what the credential is and may do.
set -euo pipefail

curl --silent --show-error --fail-with-body --max-time 10 \
  --header @<(echo "Authorization: Bearer $KEYBEARER_TOKEN") \
  "$KEYBEARER_URL/v1/whoami"
