# Lists the permissions that policies can grant.
library(httr2)

answer <- request(paste0(Sys.getenv("KEYBEARER_URL"), "/v1/permissions")) |>
  req_auth_bearer_token(Sys.getenv("KEYBEARER_TOKEN")) |>
  req_error(body = \(answer) resp_body_string(answer)) |>
  req_timeout(10) |>
  req_perform()
for (one in resp_body_json(answer)$items) cat(one$permission, one$description, "\n")
