# Asks whether API_KEY, which came with a request, is good and grants a permission.
import json
import os
import sys
import urllib.error
import urllib.request

question = {"key": os.environ["API_KEY"], "any_of": ["shop:orders.read"]}
request = urllib.request.Request(
    os.environ["KEYBEARER_URL"] + "/v1/verify",
    data=json.dumps(question).encode(),
    headers={
        "Authorization": "Bearer " + os.environ["KEYBEARER_TOKEN"],
        "Content-Type": "application/json",
    },
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        verdict = json.load(response)
except urllib.error.HTTPError as error:
    sys.exit(f"Keybearer answered {error.code}: {error.read().decode()}")
if verdict["valid"] is not True:
    sys.exit(f"refused: {verdict['code']}")
print("valid")
