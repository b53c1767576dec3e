# Asks what the credential is and may do.
library(httr2)

answer <- request(paste0(Sys.getenv("KEYBEARER_URL"), "/v1/whoami")) |>
  req_auth_bearer_token(Sys.getenv("KEYBEARER_TOKEN")) |>
  req_error(body = \(answer) resp_body_string(answer)) |>
  req_timeout(10) |>
  req_perform()
cat(resp_body_string(answer), "\n")
