# Lists the policies that a key can be given.
require "json"
require "net/http"

url = URI(ENV.fetch("KEYBEARER_URL") + "/v1/policies?limit=200")
headers = { "Authorization" => "Bearer #{ENV.fetch("KEYBEARER_TOKEN")}" }
response = Net::HTTP.get_response(url, headers)
abort "Keybearer answered #{response.code}: #{response.body}" unless response.is_a?(Net::HTTPOK)
JSON.parse(response.body)["items"].each { |policy| puts "#{policy["id"]} #{policy["name"]}" }
