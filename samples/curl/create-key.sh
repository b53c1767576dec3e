#!/usr/bin/env bash
# Creates a key with the policy POLICY_ID. The answer holds its token, which is never shown again.
set -euo pipefail

curl --silent --show-error --fail-with-body --max-time 10 \
  --header @<(echo "Authorization: Bearer $KEYBEARER_TOKEN") \
  --json '{"name": "front desk 2", "policy_id": "'"$POLICY_ID"'", "expires_in": 2592000}' \
  "$KEYBEARER_URL/v1/keys"
