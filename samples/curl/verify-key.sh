#!/usr/bin/env bash
# Asks whether API_KEY, which came with a request, is good and grants a permission.
set -euo pipefail

# Anything else is no key, and might break out of the JSON.
[[ $API_KEY =~ ^[A-Za-z0-9_:-]+$ ]] || { echo 'refused: MALFORMED' >&2; exit 1; }

verdict=$(
  curl --silent --show-error --fail-with-body --max-time 10 \
    --header @<(echo "Authorization: Bearer $KEYBEARER_TOKEN") \
    --json @<(echo '{"key": "'"$API_KEY"'", "any_of": ["shop:orders.read"]}') \
    "$KEYBEARER_URL/v1/verify"
)
# The verdict comes first. Further on, the metadata of the key could hold the same words.
[[ $verdict == '{"valid":true,'* ]] || { echo "refused: $verdict" >&2; exit 1; }
echo valid
