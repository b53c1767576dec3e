# Creates a key with the policy POLICY_ID. Prints its token, which is never shown again.
require "json"
require "net/http"

url = URI(ENV.fetch("KEYBEARER_URL") + "/v1/keys")
headers = { "Authorization" => "Bearer #{ENV.fetch("KEYBEARER_TOKEN")}", "Content-Type" => "application/json" }
key = { name: "front desk 2", policy_id: ENV.fetch("POLICY_ID"), expires_in: 2592000 }
response = Net::HTTP.post(url, key.to_json, headers)
abort "Keybearer answered #{response.code}: #{response.body}" unless response.is_a?(Net::HTTPCreated)
puts JSON.parse(response.body)["token"]
