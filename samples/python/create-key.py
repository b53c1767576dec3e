# Creates a key with the policy POLICY_ID. Prints its token, which is never shown again.
import json
import os
import sys
import urllib.error
import urllib.request

key = {"name": "front desk 2", "policy_id": os.environ["POLICY_ID"], "expires_in": 2592000}
request = urllib.request.Request(
    os.environ["KEYBEARER_URL"] + "/v1/keys",
    data=json.dumps(key).encode(),
    headers={
        "Authorization": "Bearer " + os.environ["KEYBEARER_TOKEN"],
        "Content-Type": "application/json",
    },
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        print(json.load(response)["token"])
except urllib.error.HTTPError as error:
    sys.exit(f"Keybearer answered {error.code}: {error.read().decode()}")
