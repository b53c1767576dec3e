# Asks whether API_KEY, which came with a request, is good and grants a permission.
require "json"
require "net/http"

url = URI(ENV.fetch("KEYBEARER_URL") + "/v1/verify")
headers = { "Authorization" => "Bearer #{ENV.fetch("KEYBEARER_TOKEN")}", "Content-Type" => "application/json" }
question = { key: ENV.fetch("API_KEY"), any_of: ["shop:orders.read"] }
response = Net::HTTP.post(url, question.to_json, headers)
abort "Keybearer answered #{response.code}: #{response.body}" unless response.is_a?(Net::HTTPOK)
verdict = JSON.parse(response.body)
abort "refused: #{verdict["code"]}" unless verdict["valid"] == true
puts "valid"
