# Creates a key with the policy POLICY_ID. Prints its token, which is never shown again.
library(httr2)

answer <- request(paste0(Sys.getenv("KEYBEARER_URL"), "/v1/keys")) |>
  req_auth_bearer_token(Sys.getenv("KEYBEARER_TOKEN")) |>
  req_body_json(list(name = "front desk 2", policy_id = Sys.getenv("POLICY_ID"), expires_in = 2592000L)) |>
  req_error(body = \(answer) resp_body_string(answer)) |>
  req_timeout(10) |>
  req_perform()
cat(resp_body_json(answer)$token, "\n")
