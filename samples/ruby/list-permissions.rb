# Lists the permissions that policies can grant.
require "json"
require "net/http"

url = URI(ENV.fetch("KEYBEARER_URL") + "/v1/permissions")
headers = { "Authorization" => "Bearer #{ENV.fetch("KEYBEARER_TOKEN")}" }
response = Net::HTTP.get_response(url, headers)
abort "Keybearer answered #{response.code}: #{response.body}" unless response.is_a?(Net::HTTPOK)
JSON.parse(response.body)["items"].each { |one| puts "#{one["permission"]} #{one["description"]}" }
