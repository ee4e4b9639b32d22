"""What a JSON Schema cannot say of ordersvc's requests, told to Schemathesis.

Loaded by stack/testing/schemathesis.ts.
"""

import base64
import json
import os

import schemathesis
from hypothesis import strategies as st


def as_cursor(micros: int, order_id: str) -> str:
    """A cursor as services/ordersvc/views/order-list.ts writes it, without its padding."""
    return base64.urlsafe_b64encode(f"{micros} {order_id}".encode()).rstrip(b"=").decode()


schemathesis.openapi.format(
    "order-list-cursor",
    st.builds(as_cursor, st.integers(0, 10**16 - 1), st.uuids().map(str)),
)

def without(*categories: str) -> st.SearchStrategy[str]:
    """Texts without characters of these categories of Unicode, nor any that are not assigned."""
    return st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", *categories)),
        min_size=1,
        max_size=200,
    ).filter(str.strip)


# As shared/contracts/texts.ts has them.
schemathesis.openapi.format("visible-text", without("Cf"))
schemathesis.openapi.format("text-in-one-line", without())

# 422 of a request that its schema allows: the code, and the field where there is one.
BEYOND_SCHEMA = {
    # Which keys were used is not in the request.
    ("idempotency_key_reused", None),
    # One of three parameters is given at least.
    ("invalid_query", "customer_id"),
    # The sum of the lines has a limit.
    ("invalid_order", "order_items"),
}


@schemathesis.hook
def filter_case(ctx, case):
    """A reason that is fine although it should not be: to others, our formats are only names."""
    wrongly = case.meta and any(
        str(getattr(place, "value", place)) == "body" and part.mode.is_negative
        for place, part in case.meta.components.items()
    )
    if not wrongly or not isinstance(case.body, dict) or set(case.body) != {"reason"}:
        return True
    reason = case.body["reason"]
    fine = isinstance(reason, str) and 0 < len(reason) <= 200
    return not (fine and reason.isprintable() and reason.strip())


@schemathesis.check
def only_what_no_schema_says_is_refused(ctx, response, case):
    """What the schema allows is refused with 422 only for what no schema can say."""
    if response.status_code != 422 or not case.meta or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    fields = [each["field"] for each in problem.get("problems", [])] or [None]
    surplus = [field for field in fields if (problem["code"], field) not in BEYOND_SCHEMA]
    assert not surplus, f"Allowed by the schema, and refused: {problem}"


# Set where who asks must not see, nor change, what is theirs.
OTHERS = json.loads(os.environ.get("ORDERS_OF_OTHERS", "null"))


if OTHERS:

    @schemathesis.hook
    def map_path_parameters(ctx, path_parameters):
        """Half of the requests ask for an order of others."""
        if path_parameters and "id" in path_parameters:
            ids = OTHERS["orderIds"]
            n = sum(str(path_parameters["id"]).encode())
            if n % 2 == 0:
                path_parameters["id"] = ids[n // 2 % len(ids)]
        return path_parameters

    @schemathesis.hook
    def map_query(ctx, query):
        """And half of the lists are lists of theirs."""
        if query and "customer_id" in query and len(str(query)) % 2 == 0:
            query["customer_id"] = OTHERS["customerId"]
        return query

    @schemathesis.hook
    def map_body(ctx, body):
        """And some orders are in their name."""
        if isinstance(body, dict) and "customer_id" in body and len(str(body)) % 2 == 0:
            body["customer_id"] = OTHERS["customerId"]
        return body

    @schemathesis.check
    def others_keep_theirs(ctx, response, case):
        """No answer but a refusal is about an order of others, or names them."""
        path = response.request.path_url
        of_others = any(order_id in path for order_id in OTHERS["orderIds"])
        if of_others:
            assert response.status_code >= 400, f"{response.status_code} for {path}"
        if response.status_code < 300:
            assert OTHERS["customerId"] not in response.text, f"{path} names them"
