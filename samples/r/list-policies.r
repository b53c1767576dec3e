# Lists the policies that a key can be given.
library(httr2)

answer <- request(paste0(Sys.getenv("KEYBEARER_URL"), "/v1/policies?limit=200")) |>
  req_auth_bearer_token(Sys.getenv("KEYBEARER_TOKEN")) |>
  req_error(body = \(answer) resp_body_string(answer)) |>
  req_timeout(10) |>
  req_perform()
for (policy in resp_body_json(answer)$items) cat(policy$id, policy$name, "\n")
