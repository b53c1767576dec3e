# Lists the policies that a key can be given.
import json
import os
import sys
import urllib.error
import urllib.request

request = urllib.request.Request(
    os.environ["KEYBEARER_URL"] + "/v1/policies?limit=200",
    headers={"Authorization": "Bearer " + os.environ["KEYBEARER_TOKEN"]},
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        policies = json.load(response)["items"]
except urllib.error.HTTPError as error:
    sys.exit(f"Keybearer answered {error.code}: {error.read().decode()}")
for policy in policies:
    print(policy["id"], policy["name"])
