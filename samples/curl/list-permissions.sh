#!/usr/bin/env bash
# Lists the permissions that policies can grant.
set -euo pipefail

curl --silent --show-error --fail-with-body --max-time 10 \
  --header @<(echo "Authorization: Bearer $KEYBEARER_TOKEN") \
  "$KEYBEARER_URL/v1/permissions"
