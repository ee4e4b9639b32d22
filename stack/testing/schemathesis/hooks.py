"""What a JSON Schema cannot say of ordersvc's requests, told to Schemathesis.

Loaded by stack/testing/schemathesis.ts.
"""

import base64

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


@schemathesis.check
def only_what_no_schema_says_is_refused(ctx, response, case):
    """What the schema allows is refused with 422 only for what no schema can say."""
    if response.status_code != 422 or not case.meta or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    fields = [each["field"] for each in problem.get("problems", [])] or [None]
    surplus = [field for field in fields if (problem["code"], field) not in BEYOND_SCHEMA]
    assert not surplus, f"Allowed by the schema, and refused: {problem}"
