# Asks whether API_KEY, which came with a request, is good and grants a permission.
library(httr2)

verdict <- request(paste0(Sys.getenv("KEYBEARER_URL"), "/v1/verify")) |>
  req_auth_bearer_token(Sys.getenv("KEYBEARER_TOKEN")) |>
  req_body_json(list(key = Sys.getenv("API_KEY"), any_of = list("shop:orders.read"))) |>
  req_error(body = \(answer) resp_body_string(answer)) |>
  req_timeout(10) |>
  req_perform() |>
  resp_body_json()
if (!isTRUE(verdict$valid)) stop("refused: ", verdict$code)
cat("valid\n")
