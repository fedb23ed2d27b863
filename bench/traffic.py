# SPDX-License-Identifier: Apache-2.0
"""One exchange as an API has them by the million, and the bytes that make it."""

import json

REQUEST_BODY = json.dumps(
    {
        "customer": 4711,
        "items": [{"sku": f"A-{number:05}", "quantity": number, "price": "19.90"} for number in range(1, 5)],
        "note": "leave it at the door, please; the bell is out of order",
    }
).encode()
RESPONSE_BODY = json.dumps(
    {
        "order": "5f1f9c0e-5d3b-4a38-9a53-0a6d4d4a0f3e",
        "status": "accepted",
        "lines": [
            {"sku": f"A-{number:05}", "quantity": number, "price": "19.90", "stock": "central", "days": 2}
            for number in range(1, 12)
        ],
    }
)
REQUEST_HEADERS = {
    "host": "orders.shop.svc.cluster.local:8080",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en-GB,en;q=0.9",
    "content-type": "application/json; charset=utf-8",
    "authorization": "Bearer " + "eyJhbGciOiJIUzI1NiJ9" * 6,
    "cookie": "session=7f0c2a; theme=dark",
    "origin": "https://shop.example",
    "referer": "https://shop.example/cart?step=2",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "x-tenant": "north",
}
RESPONSE_HEADERS = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "etag": '"33a64df551425fcc"',
    "vary": "accept-encoding",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
}
# What Istio calls the cluster that it goes to.
CLUSTER = "outbound|8080||orders.shop.svc.cluster.local"
PATH = "/api/orders?customer=4711&page=2"


def request_bytes(path: str = PATH, body: bytes = REQUEST_BODY) -> bytes:
    """The request as it goes over the wire (HTTP/1.1, keep-alive)."""
    headers = {**REQUEST_HEADERS, "content-length": str(len(body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
