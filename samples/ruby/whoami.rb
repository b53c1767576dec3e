# Asks what the credential is and may do.
require "net/http"

url = URI(ENV.fetch("KEYBEARER_URL") + "/v1/whoami")
headers = { "Authorization" => "Bearer #{ENV.fetch("KEYBEARER_TOKEN")}" }
response = Net::HTTP.get_response(url, headers)
abort "Keybearer answered #{response.code}: #{response.body}" unless response.is_a?(Net::HTTPOK)
puts response.body
