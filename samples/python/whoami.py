# Asks what the credential is and may do.
import os
import sys
import urllib.error
import urllib.request

request = urllib.request.Request(
    os.environ["KEYBEARER_URL"] + "/v1/whoami",
    headers={"Authorization": "Bearer " + os.environ["KEYBEARER_TOKEN"]},
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        print(response.read().decode())
except urllib.error.HTTPError as error:
    sys.exit(f"Keybearer answered {error.code}: {error.read().decode()}")
