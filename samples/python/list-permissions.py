# Lists the permissions that policies can grant.
import json
import os
import sys
import urllib.error
import urllib.request

request = urllib.request.Request(
    os.environ["KEYBEARER_URL"] + "/v1/permissions",
    headers={"Authorization": "Bearer " + os.environ["KEYBEARER_TOKEN"]},
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        permissions = json.load(response)["items"]
except urllib.error.HTTPError as error:
    sys.exit(f"Keybearer answered {error.code}: {error.read().decode()}")
for permission in permissions:
    print(permission["permission"], permission["description"])
