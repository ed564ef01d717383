"""A Price List API that answers with documents of AWS's shape, page by page."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = 2


def product(
    service: str, region: str, usage: str, *prices: tuple[str, str, str], sku: str = "", **attributes: str
) -> dict[str, Any]:
    """A product with its on-demand term, as GetProducts hands it out. Prices: begin, end, USD."""
    sku = sku or f"SKU{abs(hash((service, region, usage))) % 10**12:012d}"
    dimensions = {
        f"{sku}.JRTCKXETXF.{number}": {
            "unit": "Lambda-GB-Second",
            "beginRange": begin,
            "endRange": end,
            "description": f"{usd} per unit",
            "appliesTo": [],
            "rateCode": f"{sku}.JRTCKXETXF.{number}",
            "pricePerUnit": {"USD": usd},
        }
        for number, (begin, end, usd) in enumerate(prices)
    }
    term = {
        "priceDimensions": dimensions,
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    return {
        "product": {
            "productFamily": "Serverless",
            "attributes": {"regionCode": region, "usagetype": usage, "servicecode": service, **attributes},
            "sku": sku,
        },
        "serviceCode": service,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
        "version": "20261120184500",
        "publicationDate": "2026-11-20T18:45:00Z",
    }


@dataclass
class PriceList:
    """A running endpoint and what it offers."""

    products: list[dict[str, Any] | str] = field(default_factory=list)
    refuse: bool = False
    url: str = ""

    @contextmanager
    def running(self) -> Iterator[PriceList]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        filters = {one["Field"]: one["Value"] for one in asked["Filters"]}
        offered = [one for one in self.products if self._offered(one, asked["ServiceCode"], filters)]
        start = int(asked.get("NextToken", 0))
        page = [one if isinstance(one, str) else json.dumps(one) for one in offered[start : start + PAGE]]
        more = {"NextToken": str(start + PAGE)} if start + PAGE < len(offered) else {}
        return {"FormatVersion": "aws_v1", "PriceList": page, **more}

    @staticmethod
    def _offered(one: dict[str, Any] | str, service: str, filters: dict[str, str]) -> bool:
        if isinstance(one, str):
            return service == "AWSLambda"
        attributes = one["product"]["attributes"]
        return one["serviceCode"] == service and filters.items() <= attributes.items()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        price_list = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["X-Amz-Target"].endswith("GetProducts")
                body, status = price_list.answer(asked), 200
                if price_list.refuse:
                    body, status = {"__type": "AccessDeniedException", "Message": "not authorized"}, 400
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
