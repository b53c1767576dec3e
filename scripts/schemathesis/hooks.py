"""What a run must not do: take away the power that it runs with."""

import schemathesis

# The administrator whose session asks: the first account of a new server.
OWN_ACCOUNT = 1


def names_own_account(text):
    try:
        return int(text) == OWN_ACCOUNT
    except ValueError:
        return False


def ends_own_session(case):
    """Whether a request signs the session out that asks, or is a change that ends all sessions of its account."""
    path, method = case.operation.path, case.operation.method.upper()
    named = str((case.path_parameters or {}).get("id", ""))
    if path == "/v1/sessions/{id}" and method == "DELETE":
        return named == "current"
    if path == "/v1/accounts/{id}" and method in ("PATCH", "DELETE"):
        return names_own_account(named)
    return path == "/v1/accounts/{id}/revoke-keys" and names_own_account(named)


@schemathesis.hook
def filter_case(context, case):
    """Leaves such requests out where they are made up."""
    return not ends_own_session(case)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sends those to nobody that come of the examples in the document, which pass no filter."""
    if ends_own_session(case):
        nobody = "00000000-0000-7000-8000-000000000000" if "sessions" in case.operation.path else "999999"
        case.path_parameters = {**case.path_parameters, "id": nobody}
