-- `http-request lua.keybearer URL` asks a gate of Keybearer about a request, and leaves its answer in variables: txn.gate_status, which is
-- 0 if there was none, and for 200 whose key it is. It decides nothing: the rules after it in haproxy.cfg do.

-- What carries a credential. All lines of each go along: the gate refuses more than one.
local carriers = { "authorization", "x-api-key", "catena-api-key", "catena-session-id" }

-- How long the gate may take, in milliseconds. HAProxy asks up to four times. The gate itself gives up after half a second.
local patience = 750

core.register_action("keybearer", { "http-req" }, function(txn, url)
  local came = txn.http:req_get_headers()
  local headers = {
    ["x-forwarded-method"] = { txn.sf:method() },
    ["x-forwarded-uri"] = { txn.sf:pathq() },
    ["x-forwarded-for"] = { txn.sf:src() },
  }
  for _, name in ipairs(carriers) do
    if came[name] then
      headers[name] = {}
      -- HAProxy counts them from 0.
      for place = 0, #came[name] do
        table.insert(headers[name], came[name][place])
      end
    end
  end

  local answer = core.httpclient():get({ url = url, headers = headers, timeout = patience })

  local function told(name)
    local lines = answer.headers and answer.headers[name]
    return lines and lines[0] or ""
  end
  txn:set_var("txn.gate_status", answer.status or 0)
  local reason = (answer.body or ""):gsub("%s+$", "")
  txn:set_var("txn.gate_reason", reason)
  txn:set_var("txn.gate_challenge", told("www-authenticate"))
  txn:set_var("txn.gate_key_id", told("x-key-id"))
  txn:set_var("txn.gate_owner_id", told("x-owner-id"))
  txn:set_var("txn.gate_key_level", told("x-key-level"))
  txn:set_var("txn.gate_permissions", told("x-permissions"))
end, 1)
