"""inventra between the shops: a warehouse that counts orders has the last word, rounds go over what was sold meanwhile.

inventra levels what its channels show; it has no orders and no webhooks. The glue here is a channel that counts orders,
a receiver that fills it, and a loop. What its own `sync()` would write one article at a time goes out by `batch_update`,
which is its documented place for a vendor's batches. Started with a JSON object on its command line.
"""
import asyncio
import json
import logging
import platform
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from aiohttp import web
from inventra import ConflictResolution, InventorySync
from inventra.channels.base import BaseChannelAdapter
from inventra.models import InventoryItem, SyncEvent, SyncStatus
from woocommerce import WooCommerce


class Warehouse(BaseChannelAdapter):
    """Counts each order once."""

    channel_name = "warehouse"

    def __init__(self, stock):
        super().__init__({})
        self._stock, self._orders, self._connected = stock, set(), True
        self._changed, self._signal = set(), threading.Condition()

    def connect(self):
        self._connected = True

    def disconnect(self):
        self._connected = False

    def get_inventory(self, skus=None):
        wanted = self._stock if skus is None else skus
        return [InventoryItem(sku=sku, channel="warehouse", quantity=max(0, self._stock[sku])) for sku in wanted]

    def update_inventory(self, item):
        return SyncEvent(sku=item.sku, channel="warehouse", status=SyncStatus.SUCCESS, new_quantity=item.quantity)

    def take(self, order, lines):
        with self._signal:
            if order in self._orders:
                return
            self._orders.add(order)
            for line in lines:
                self._stock[line["sku"]] -= line["quantity"]
                self._changed.add(line["sku"])
            self._signal.notify()

    def look_again(self, skus):
        with self._signal:
            self._changed.update(skus)

    def changed(self):
        with self._signal:
            self._signal.wait_for(lambda: self._changed)
            skus, self._changed = sorted(self._changed), set()
            return skus


def rounds(sync, warehouse, shops):
    with ThreadPoolExecutor(len(shops)) as pool:
        while True:
            skus = warehouse.changed()
            for shop in shops:
                shop.unread = False
            report = sync.sync(skus=skus, dry_run=True)
            batches = []
            for shop in shops:
                differing = [
                    InventoryItem(sku=record.sku, channel=shop.channel_name, quantity=record.resolved_quantity)
                    for record in report.conflict_records
                    if record.quantities.get(shop.channel_name) not in (None, record.resolved_quantity)
                ]
                batches.append(pool.submit(shop.batch_update, differing))
            events = [event for batch in batches for event in batch.result()]
            warehouse.look_again(event.sku for event in events if event.status == SyncStatus.FAILED)
            # A shop that could not be read is in no record: what it shows is not known.
            if any(shop.unread for shop in shops):
                warehouse.look_again(skus)


def receiver(warehouse, shops):
    async def receive(request):
        number, body = int(request.match_info["shop"]), await request.read()
        # What a shop sends first to see whether anybody is there is not signed.
        if "x-wc-webhook-topic" not in request.headers:
            return web.Response()
        if not shops[number].is_signed(body, request.headers.get("x-wc-webhook-signature")):
            return web.Response(status=401)
        order = json.loads(body)
        warehouse.take((number, order["id"]), order["line_items"])
        return web.Response()

    application = web.Application()
    application.router.add_post("/{shop}", receive)
    return application


async def main(places):
    shops = [WooCommerce(f"shop_{number}", place) for number, place in enumerate(places)]
    for shop in shops:
        stock = {item.sku: item.quantity for item in shop.get_inventory()}
    warehouse = Warehouse(stock)
    channels = [warehouse, *shops]
    sync = InventorySync(channels, ConflictResolution.CHANNEL_PRIORITY, max_workers=len(channels))
    sync.set_channel_priority(["warehouse"])
    runner = web.AppRunner(receiver(warehouse, shops), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    threading.Thread(target=rounds, args=(sync, warehouse, shops), daemon=True).start()
    for number, shop in enumerate(shops):
        await asyncio.to_thread(shop.subscribe, f"http://127.0.0.1:{port}/{number}")
    ready = f"inventra {version('inventra')}, aiohttp {version('aiohttp')}, Python {platform.python_version()}"
    print(json.dumps({"ready": ready, "settings": "channel_priority, a round as soon as the last ended, batch_update of 100"}), flush=True)
    await asyncio.Event().wait()


logging.getLogger("inventra").setLevel(logging.CRITICAL)
asyncio.run(main(json.loads(sys.argv[1])["shops"]))
