"""A WooCommerce shop as a channel of inventra: OAuth 1.0a, connections kept open, its own batches of 100."""
import base64
import hashlib
import hmac
import json
import secrets
import time
from urllib.parse import quote

import urllib3
from inventra.channels.base import BaseChannelAdapter
from inventra.models import InventoryItem, SyncEvent, SyncStatus

PREFIX = "/wp-json/wc/v3"
# What the shop gives and takes in a call.
PAGE = 100


def encode(text):
    return quote(str(text), safe="~")


def chunks(values):
    values = list(values)
    return [values[start : start + PAGE] for start in range(0, len(values), PAGE)]


class WooCommerce(BaseChannelAdapter):
    def __init__(self, name, place):
        super().__init__(place)
        self.channel_name = name
        self._pool = urllib3.PoolManager(maxsize=4, timeout=5.0, retries=False)
        self._ids = {}
        # Whether reading has failed since somebody last put this back.
        self.unread = False

    def connect(self):
        self._connected = True

    def disconnect(self):
        self._pool.clear()
        self._connected = False

    def _signed(self, method, path, query):
        everything = {
            **query,
            "oauth_consumer_key": self.config["key"],
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": int(time.time()),
        }
        pairs = "&".join(f"{encode(name)}={encode(everything[name])}" for name in sorted(everything))
        text = "&".join([method, encode(self.config["url"] + PREFIX + path), encode(pairs)])
        key = (self.config["secret"] + "&").encode()
        signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
        return f"{self.config['url']}{PREFIX}{path}?{pairs}&oauth_signature={encode(signature)}"

    def call(self, method, path, query=None, body=None):
        text = None if body is None else json.dumps(body)
        headers = {} if body is None else {"content-type": "application/json"}
        answer = self._pool.request(method, self._signed(method, path, query or {}), body=text, headers=headers)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.data[:200]!r}")
        return json.loads(answer.data)

    def _items(self, rows):
        for row in rows:
            self._ids[row["sku"]] = row["id"]
            yield InventoryItem(sku=row["sku"], channel=self.channel_name, quantity=max(0, row["stock_quantity"]))

    def get_inventory(self, skus=None):
        try:
            return self._read(skus)
        except Exception:
            self.unread = True
            raise

    def _read(self, skus):
        fields = {"_fields": "id,sku,stock_quantity", "per_page": PAGE, "order": "asc", "orderby": "id"}
        found = []
        if skus is not None:
            for some in chunks(skus):
                found.extend(self._items(self.call("GET", "/products", {**fields, "sku": ",".join(some)})))
            return found
        page = 1
        while True:
            rows = self.call("GET", "/products", {**fields, "page": page})
            found.extend(self._items(rows))
            if len(rows) < PAGE:
                return found
            page += 1

    def update_inventory(self, item):
        return self.batch_update([item])[0]

    def _event(self, item, error=None):
        status = SyncStatus.SUCCESS if error is None else SyncStatus.FAILED
        return SyncEvent(
            sku=item.sku, channel=self.channel_name, status=status, new_quantity=item.quantity, error=error
        )

    def batch_update(self, items):
        events = []
        for some in chunks(items):
            update = [{"id": self._ids[item.sku], "stock_quantity": item.quantity} for item in some]
            try:
                rows = self.call("POST", "/products/batch", None, {"update": update})["update"]
                for item, row in zip(some, rows):
                    events.append(self._event(item, str(row["error"]) if "error" in row else None))
            except Exception as error:  # noqa: BLE001 - whatever it was, the items are to be tried again
                events.extend(self._event(item, str(error)) for item in some)
        return events

    def subscribe(self, url):
        hook = {"topic": "order.created", "delivery_url": url, "secret": self.config["webhook_secret"]}
        self.call("POST", "/webhooks", None, hook)

    def is_signed(self, body, signature):
        own = hmac.new(self.config["webhook_secret"].encode(), body, hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(own).decode(), signature or "")
