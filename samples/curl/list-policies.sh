#!/usr/bin/env bash
# Lists the policies that a key can be given.
set -euo pipefail

curl --silent --show-error --fail-with-body --max-time 10 \
  --header @<(echo "Authorization: Bearer $KEYBEARER_TOKEN") \
  "$KEYBEARER_URL/v1/policies?limit=200"
